package docker

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/docker/docker/client"
)

// connection says how the engine is reached, as the docker CLI would: DOCKER_HOST, else
// DOCKER_CONTEXT, else the current context of ~/.docker/config.json, else the default socket.
// The Docker client itself knows nothing of contexts, which Docker Desktop, colima and rootless
// engines are reached by.
func connection(env func(string) string) ([]client.Opt, string, error) {
	if host := env("DOCKER_HOST"); host != "" {
		return []client.Opt{client.FromEnv}, "DOCKER_HOST=" + host, nil
	}
	folder := env("DOCKER_CONFIG")
	if folder == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return []client.Opt{client.FromEnv}, client.DefaultDockerHost, nil
		}
		folder = filepath.Join(home, ".docker")
	}
	name := env("DOCKER_CONTEXT")
	if name == "" {
		var err error
		if name, err = currentContext(folder); err != nil {
			return nil, "", err
		}
	}
	if name == "" || name == "default" {
		return []client.Opt{client.FromEnv}, client.DefaultDockerHost, nil
	}
	options, host, err := contextOptions(folder, name)
	return options, fmt.Sprintf("docker context %q, %s", name, host), err
}

func currentContext(folder string) (string, error) {
	file := filepath.Join(folder, "config.json")
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read the docker CLI's current context: %w", err)
	}
	var config struct {
		CurrentContext string `json:"currentContext"`
	}
	if err := json.Unmarshal(data, &config); err != nil {
		return "", fmt.Errorf("read the docker CLI's current context from %s: %w; DOCKER_HOST names the engine without it", file, err)
	}
	return config.CurrentContext, nil
}

// contextOptions reads a context as the CLI stores it: contexts/meta/SHA256(NAME)/meta.json, and
// its certificates in contexts/tls/SHA256(NAME)/docker.
func contextOptions(folder, name string) ([]client.Opt, string, error) {
	id := fmt.Sprintf("%x", sha256.Sum256([]byte(name)))
	data, err := os.ReadFile(filepath.Join(folder, "contexts", "meta", id, "meta.json"))
	if err != nil {
		return nil, "", fmt.Errorf("read docker context %q: %w; DOCKER_HOST names the engine without it", name, err)
	}
	var meta struct {
		Endpoints map[string]struct {
			Host          string
			SkipTLSVerify bool
		}
	}
	if err := json.Unmarshal(data, &meta); err != nil {
		return nil, "", fmt.Errorf("read docker context %q: %w", name, err)
	}
	host := meta.Endpoints["docker"].Host
	switch {
	case host == "":
		return nil, "", fmt.Errorf("docker context %q names no engine; set DOCKER_HOST", name)
	case strings.HasPrefix(host, "ssh://"):
		return nil, "", fmt.Errorf("docker context %q is reached over ssh (%s), which squall can't: run squall on that machine, or set DOCKER_HOST", name, host)
	}
	options := []client.Opt{client.WithHost(host)}
	certificates := filepath.Join(folder, "contexts", "tls", id, "docker")
	if _, err := os.Stat(filepath.Join(certificates, "ca.pem")); err == nil {
		options = append(options, client.WithTLSClientConfig(
			filepath.Join(certificates, "ca.pem"), filepath.Join(certificates, "cert.pem"), filepath.Join(certificates, "key.pem")))
	} else if meta.Endpoints["docker"].SkipTLSVerify {
		return nil, "", fmt.Errorf("docker context %q skips the check of certificates, which squall does not; set DOCKER_HOST and DOCKER_CERT_PATH", name)
	}
	return options, host, nil
}
