package docker

import (
	"strings"
	"testing"
)

// What may be a command of this machine is told in a container, too, where it is and where its upstreams are: the same words do on both.
func TestLocalCommandInAContainer(t *testing.T) {
	inParallel(t)
	ref := loadStranger(t, wordsProgram)
	s := launch(t, Options{}, parsed(t, `
scenario: local
topology:
  db: {kind: image, image: `+ref+`, ports: {main: 7000, admin: 7001}}
  asks:
    kind: image
    image: `+ref+`
    local: true
    job: true
    command: [get, "http://$(DB_SERVICE_HOST):$(DB_SERVICE_PORT_ADMIN)/$(PLACE)"]
    environment: {PLACE: "$(SQUALL_INSTANCE)$(SQUALL_ROOT)/on/$(SQUALL_HOST)/$(date)"}
    calls: [db]
load: {users: {to: db, rate: 10/s, requests: [{send: GET /}]}}
phases: [{name: steady, for: 10s}]
`, nil))
	inspected, err := s.engine.api.ContainerInspect(t.Context(), s.byName["asks-1"].id)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(inspected.Args, " "), "get http://db:7001/asks-1/on/0.0.0.0/$(date)"; got != want {
		t.Errorf("it was run with %q, want %q", got, want)
	}
}

// What has no image is refused by name, as is what has not been said to run here.
func TestCommandWithoutAnImage(t *testing.T) {
	p := parsed(t, "scenario: x\ntopology: {a: {kind: image, local: [sleep, '9']}, b: {kind: service, endpoints: {GET /: [{work: 1ms}]}}}\nload: {users: {to: b, rate: 1/s, requests: [{send: GET /}]}}\nphases: [{name: a, for: 1s}]\n", nil)
	err := testEngine(t, Options{}).Check(p)
	if want := `node "a" is a command of this machine alone, and the docker engine runs containers; add image or build, or use --engine process`; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}
