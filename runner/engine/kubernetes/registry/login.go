package registry

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Login is who one is to a registry. Its zero value is nobody.
type Login struct {
	// From is where that was found, for people.
	From           string
	user, password string
	// refresh is a token that gives others, in place of a user and a password.
	refresh string
}

// String has no credential, whoever prints it.
func (l Login) String() string { return "login from " + l.From }

// GoString neither.
func (l Login) GoString() string { return l.String() }

func (l Login) known() bool { return l.user != "" || l.password != "" || l.refresh != "" }

// dockerConfig is what is read of the file that `docker login` writes.
type dockerConfig struct {
	Auths       map[string]dockerAuth `json:"auths"`
	CredsStore  string                `json:"credsStore"`
	CredHelpers map[string]string     `json:"credHelpers"`
}

type dockerAuth struct {
	Auth          string `json:"auth"`
	Username      string `json:"username"`
	Password      string `json:"password"`
	IdentityToken string `json:"identitytoken"`
}

// FindLogin finds who one is to a registry, as docker does: in config.json of the folder that DOCKER_CONFIG names, or of ~/.docker, itself or by the helper
// that it names. Where there is nothing about the registry one is nobody, and From says where was looked.
func FindLogin(ctx context.Context, host string) (Login, error) {
	folder := os.Getenv("DOCKER_CONFIG")
	if folder == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return Login{From: "nowhere: " + err.Error()}, nil
		}
		folder = filepath.Join(home, ".docker")
	}
	file := filepath.Join(folder, "config.json")
	nobody := Login{From: file}
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nobody, nil
	}
	if err != nil {
		return nobody, fmt.Errorf("find who you are to %s: %w", host, err)
	}
	var config dockerConfig
	if json.Unmarshal(data, &config) != nil { // what is wrong there could be told with what is there
		return nobody, fmt.Errorf("find who you are to %s: %s is no JSON as `docker login` writes it", host, file)
	}
	helper := config.CredsStore
	if own, is := config.CredHelpers[host]; is {
		helper = own
	}
	if helper != "" {
		l, err := ask(ctx, helper, host)
		if err != nil {
			return nobody, fmt.Errorf("find who you are to %s: %w", host, err)
		}
		if l.known() {
			l.From = "docker-credential-" + helper + " (by " + file + ")"
			return l, nil
		}
	}
	for key, a := range config.Auths {
		if hostOf(key) == host {
			return a.login(host, file)
		}
	}
	return nobody, nil
}

// hostOf is the host of a key in the file, which may be an address.
func hostOf(key string) string {
	key = strings.TrimPrefix(strings.TrimPrefix(key, "https://"), "http://")
	key, _, _ = strings.Cut(key, "/")
	return key
}

func (a dockerAuth) login(host, file string) (Login, error) {
	l := Login{From: file, user: a.Username, password: a.Password, refresh: a.IdentityToken}
	if a.Auth == "" {
		return l, nil
	}
	both, err := base64.StdEncoding.DecodeString(a.Auth)
	user, password, found := strings.Cut(strings.TrimRight(string(both), "\x00"), ":")
	if err != nil || !found {
		return Login{From: file}, fmt.Errorf("find who you are to %s: its auth in %s is no USER:PASSWORD in base64", host, file)
	}
	l.user, l.password = user, password
	return l, nil
}

// helperName keeps a helper's name from being a path.
func helperName(helper string) (string, error) {
	if strings.ContainsAny(helper, `/\`) {
		return "", fmt.Errorf("%q is no credential helper's name", helper)
	}
	return "docker-credential-" + helper, nil
}

// ask asks a credential helper. One that knows nobody is no error.
func ask(ctx context.Context, helper, host string) (Login, error) {
	program, err := helperName(helper)
	if err != nil {
		return Login{}, err
	}
	c := exec.CommandContext(ctx, program, "get")
	c.Stdin = strings.NewReader(host)
	var out bytes.Buffer
	c.Stdout = &out
	if err := c.Run(); err != nil {
		if strings.Contains(out.String(), "credentials not found") { // as the protocol has it
			return Login{}, nil
		}
		return Login{}, fmt.Errorf("ask %s: %w", program, err)
	}
	var said struct{ Username, Secret string }
	if json.Unmarshal(out.Bytes(), &said) != nil {
		return Login{}, fmt.Errorf("ask %s: it answers no JSON", program)
	}
	if said.Username == "<token>" {
		return Login{refresh: said.Secret}, nil
	}
	return Login{user: said.Username, password: said.Secret}, nil
}
