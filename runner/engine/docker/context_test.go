package docker

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/docker/docker/client"
)

// The engine is found as the docker CLI finds it.
func TestConnection(t *testing.T) {
	folder := t.TempDir()
	write := func(path, text string) {
		t.Helper()
		path = filepath.Join(folder, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	context := func(name, host string) {
		write(fmt.Sprintf("contexts/meta/%x/meta.json", sha256.Sum256([]byte(name))), `{"Name":"`+name+`","Endpoints":{"docker":{"Host":"`+host+`"}}}`)
	}
	context("colima", "unix:///home/u/.colima/docker.sock")
	context("far", "ssh://far.example")
	context("empty", "")
	for _, c := range []struct {
		name, config     string
		env              map[string]string
		where, host, bad string
	}{
		{name: "nothing said", where: client.DefaultDockerHost, host: client.DefaultDockerHost},
		{name: "a config without a context", config: `{"auths":{}}`, where: client.DefaultDockerHost, host: client.DefaultDockerHost},
		{name: "the default context", config: `{"currentContext":"default"}`, where: client.DefaultDockerHost, host: client.DefaultDockerHost},
		{name: "the current context", config: `{"currentContext":"colima"}`, where: `context "colima"`, host: "unix:///home/u/.colima/docker.sock"},
		{name: "DOCKER_CONTEXT before it", config: `{"currentContext":"far"}`, env: map[string]string{"DOCKER_CONTEXT": "colima"}, where: "colima", host: "unix:///home/u/.colima/docker.sock"},
		{name: "DOCKER_HOST before all", config: `{"currentContext":"far"}`, env: map[string]string{"DOCKER_HOST": "tcp://127.0.0.1:1"}, where: "DOCKER_HOST=tcp://127.0.0.1:1"},
		{name: "a context over ssh", config: `{"currentContext":"far"}`, bad: "ssh"},
		{name: "a context that is not there", config: `{"currentContext":"gone"}`, bad: `"gone"`},
		{name: "a context without an engine", config: `{"currentContext":"empty"}`, bad: "names no engine"},
		{name: "a broken config", config: `{`, bad: "config.json"},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := filepath.Join(folder, "config.json")
			_ = os.Remove(file)
			if c.config != "" {
				write("config.json", c.config)
			}
			options, where, err := connection(func(name string) string {
				if name == "DOCKER_CONFIG" {
					return folder
				}
				return c.env[name]
			})
			if (err == nil) != (c.bad == "") || err != nil && !strings.Contains(err.Error(), c.bad) {
				t.Fatalf("%v, want an error with %q", err, c.bad)
			}
			if err != nil {
				return
			}
			if !strings.Contains(where, c.where) {
				t.Errorf("it is called %q, want %q in it", where, c.where)
			}
			t.Setenv("DOCKER_HOST", "")
			api, err := client.NewClientWithOpts(options...)
			if err != nil {
				t.Fatal(err)
			}
			defer api.Close()
			if c.host != "" && api.DaemonHost() != c.host {
				t.Errorf("it leads to %s, want %s", api.DaemonHost(), c.host)
			}
		})
	}
}

// An engine that does not answer is explained, quickly.
func TestUnavailable(t *testing.T) {
	t.Setenv("DOCKER_HOST", "unix://"+filepath.Join(t.TempDir(), "none.sock"))
	e, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if _, err := e.Available(t.Context()); err == nil || !strings.Contains(err.Error(), "none.sock") {
		t.Errorf("%v, want an error that names the socket", err)
	}
}
