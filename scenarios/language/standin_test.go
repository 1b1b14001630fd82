package language

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/scenarios"
)

const standing = `scenario: standing
topology:
  api: {kind: service, endpoints: {GET /: [{read: db}, {call: "mail GET /"}]}}
  db: {kind: database, image: "postgres:16", replicas: 2, zone: a, dsn: "u:p@d", stand_in: {kind: database, read_time: 2ms}}
  mail:
    kind: image
    image: mailer
    stand_in:
      kind: service
      endpoints:
        GET /: [{work: 3ms}, {read: db}]
load: {users: {to: api, rate: 1/s, requests: [{send: GET /}]}}
phases: [{name: only, for: 1s}]
`

func TestStandInsTakeTheirPlaces(t *testing.T) {
	doc, err := Parse("x.yaml", []byte(standing), "")
	if err != nil {
		t.Fatal(err)
	}
	s := doc.Scenario
	if s.Node("db").Image == "" || s.Node("mail").Kind != scenarios.KindImage {
		t.Errorf("the scenario itself has lost its images: %+v %+v", s.Node("db"), s.Node("mail"))
	}
	other := doc.WithStandIns(scenarios.Reach{})
	w := other.Scenario
	db, mail := w.Node("db"), w.Node("mail")
	if db.Image != "" || db.DSN != "" || db.Kind != scenarios.KindDatabase || db.ReadTime == nil || db.Replicas != 2 || db.Zone != "a" {
		t.Errorf("stand-in of db: %+v", db)
	}
	if mail.Kind != scenarios.KindService || len(mail.Endpoints) != 1 {
		t.Errorf("stand-in of mail: %+v", mail)
	}
	var calls []string
	for _, c := range w.Connections() {
		calls = append(calls, c.From+" -> "+c.To)
	}
	if diff := cmp.Diff([]string{"api -> db", "api -> mail", "mail -> db", "users -> api"}, calls); diff != "" {
		t.Errorf("a stand-in's calls are connections of its node:\n%s", diff)
	}
	if w.WithStandIns(scenarios.Reach{}) != w || other.WithStandIns(scenarios.Reach{}) != other {
		t.Error("a scenario without images is another one with stand-ins")
	}
	if at := other.Position(scenarios.At("topology", "mail", "endpoints", "GET /").Item(0).Key("work")); at.Line != 11 {
		t.Errorf("the stand-in's work is at %v, want line 11", at)
	}
}

func TestStandInMistakes(t *testing.T) {
	for _, test := range []struct{ old, new, complaint string }{
		{"stand_in: {kind: database, read_time: 2ms}", "stand_in: {read_time: 2ms}", `x.yaml:4:92: node "stand-in" has no kind`},
		{"stand_in: {kind: database, read_time: 2ms}", "stand_in: {kind: service}", `service "db" has no endpoints`},
		{"kind: database, read_time: 2ms", "kind: service, read_time: 2ms", `read_time does not belong to a service`},
		{"kind: database, read_time: 2ms", "kind: database, replicas: 3", `a stand-in takes replicas from its node`},
		{"kind: database, read_time: 2ms", "kind: image, image: x", `a stand-in can't have image`},
		{"{read: db}]\n", "{read: dbb}]\n", `x.yaml:11:37: there is no node "dbb"`},
		{"  api: {", "  extra: {kind: database, stand_in: {kind: database}}\n  api: {", `stand_in is for nodes with an image`},
	} {
		_, err := Parse("x.yaml", []byte(strings.Replace(standing, test.old, test.new, 1)), "")
		if err == nil || !strings.Contains(err.Error(), test.complaint) {
			t.Errorf("%s:\n got %v\nwant %s", test.new, err, test.complaint)
		}
	}
}
