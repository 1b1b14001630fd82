package kubeconfig

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/squallhq/squall/scenarios/source"
)

// serviceAccount is the folder where a pod finds who it is.
const serviceAccount = "/var/run/secrets/kubernetes.io/serviceaccount"

// inPod tells whether this is a pod of a cluster.
func inPod() bool {
	return os.Getenv("KUBERNETES_SERVICE_HOST") != "" && os.Getenv("KUBERNETES_SERVICE_PORT") != ""
}

// pod is a pod's access, as its service account. The token is read again whenever it is needed: the kubelet renews it.
func pod(folder string) (*Access, error) {
	token, authorities := filepath.Join(folder, "token"), filepath.Join(folder, "ca.crt")
	if _, err := os.Stat(token); errors.Is(err, fs.ErrNotExist) {
		return nil, errors.New("this pod has no service account's token: leave automountServiceAccountToken: false out of its description, and name the account of squall in it")
	}
	namespace, err := os.ReadFile(filepath.Join(folder, "namespace"))
	if err != nil {
		return nil, fmt.Errorf("read this pod's namespace: %w", err)
	}
	address := net.JoinHostPort(os.Getenv("KUBERNETES_SERVICE_HOST"), os.Getenv("KUBERNETES_SERVICE_PORT"))
	return &Access{
		Server: &url.URL{Scheme: "https", Host: address}, Namespace: strings.TrimSpace(string(namespace)), From: "this pod's service account",
		cluster:  cluster{authorities: data{file: authorities}, at: source.Position{File: authorities, Line: 1, Column: 1}},
		identity: &given{user: user{tokenFile: token}},
	}, nil
}
