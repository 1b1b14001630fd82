package scenarios

import "testing"

func TestLogin(t *testing.T) {
	env := func(pairs ...string) map[string]string {
		m := map[string]string{}
		for i := 0; i < len(pairs); i += 2 {
			m[pairs[i]] = pairs[i+1]
		}
		return m
	}
	for name, c := range map[string]struct {
		node Node
		want string
	}{
		"built in, nothing said":  {Node{Kind: KindDatabase}, ""},
		"built in, with a dsn":    {Node{Kind: KindDatabase, DSN: "a:b@c"}, "a:b@c"},
		"image, nothing said":     {Node{Kind: KindDatabase, Image: "postgres:16"}, "squall:squall@squall"},
		"image, with a dsn":       {Node{Kind: KindDatabase, Image: "postgres:16", DSN: "a:p@ss@c"}, "a:p@ss@c"},
		"image, a password alone": {Node{Kind: KindDatabase, Image: "postgres:16", Container: Container{Env: env("POSTGRES_PASSWORD", "p")}}, "postgres:p@postgres"},
		"image, a user":           {Node{Kind: KindDatabase, Image: "postgres:16", Container: Container{Env: env("POSTGRES_USER", "u", "POSTGRES_PASSWORD", "p")}}, "u:p@u"},
	} {
		if got := c.node.Login(); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
