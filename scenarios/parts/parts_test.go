package parts

import (
	"slices"
	"strings"
	"testing"
)

func TestOf(t *testing.T) {
	for _, c := range []struct {
		name  Name
		image string
		want  Name
	}{
		{"", "postgres:16", Postgres},
		{"", "registry.example:5000/library/postgres@sha256:0123", Postgres},
		{"", "bitnami/postgresql:16.2", Postgres},
		{"", "valkey/valkey", Valkey},
		{"", "rabbitmq:3-management", RabbitMQ},
		{"", "example.com:443/team/mysql-server", MySQL},
		{"", "my-postgres-client:1", ""},
		{"", "", ""},
		{Redis, "squall-test-cache:1", Redis},
		{Redis, "postgres:16", Redis}, // what is said goes before what is guessed
	} {
		p, known := Of(c.name, c.image)
		if p.Name != c.want || known != (c.want != "") {
			t.Errorf("Of(%q, %q) = %q, %v, want %q", c.name, c.image, p.Name, known, c.want)
		}
	}
}

func TestTable(t *testing.T) {
	seen := map[Name]bool{}
	for _, p := range All() {
		if seen[p.Name] || p.Port == 0 || p.Protocol == "" || !strings.Contains(p.Image, ":") {
			t.Errorf("%+v is not whole, or is there twice", p)
		}
		seen[p.Name] = true
		if found, _ := Of("", p.Image); found.Name != p.Name {
			t.Errorf("the image %s of %s is found as %q", p.Image, p.Name, found.Name)
		}
	}
	for name, part := range also {
		if !seen[part] || seen[Name(name)] {
			t.Errorf("%s is another name of %s", name, part)
		}
	}
	if names := Names(); !slices.Contains(names, "kafka") || len(names) != len(All()) {
		t.Errorf("names: %v", names)
	}
}
