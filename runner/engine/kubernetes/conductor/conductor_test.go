package conductor

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/runner/engine/kubernetes/manifest"
)

var update = flag.Bool("update", false, "write the golden files anew")

// order is one with a file of each kind.
func order() Order {
	return Order{
		Namespace: "team", Image: "registry/squall:1", PullSecrets: []string{"pull"}, Title: "shop / small", Folder: "shop-small",
		Words: []string{"--variant=small", "--set=topology.shop.env.X=$(HOME)"}, Keep: time.Hour, Lasts: 90 * time.Second,
		Handed: Handed{
			Scenario: "load/shop.yaml",
			Files: []File{
				{Path: "load/shop.yaml", Data: []byte("scenario: shop\n")},
				{Path: "load/run.sh", Data: []byte("#!/bin/sh\n"), Mode: 0o755},
				{Path: "data/raw", Data: []byte{0xff, 0}},
				{Path: "load/key.pem", Data: []byte("hush"), Mode: 0o600, Secret: true},
			},
			Variables: map[string]string{"TOKEN": "hush"},
		},
	}
}

// golden compares objects with a file of testdata.
func golden(t *testing.T, name string, objects ...any) string {
	t.Helper()
	var got bytes.Buffer
	if err := manifest.Write(&got, objects...); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
	return got.String()
}

// A conductor's objects are those of the file; what is secret is in the secret alone.
func TestMake(t *testing.T) {
	set, err := Make("r1", order())
	if err != nil {
		t.Fatal(err)
	}
	text := golden(t, "conductor.golden.yaml", set.Job, set.ConfigMap)
	if strings.Contains(text, "hush") {
		t.Error("a secret is in the job or the config map")
	}
	if diff := cmp.Diff(map[string][]byte{"file-4": []byte("hush"), "TOKEN": []byte("hush")}, set.Secret.Data); diff != "" {
		t.Errorf("secret (-want +got):\n%s", diff)
	}
}

// What is run by the clock has no secret in it where that is elsewhere.
func TestCron(t *testing.T) {
	o := order()
	o.Handed.Elsewhere, o.Claim = "squall-nightly", "results"
	all, err := Cron("nightly", "0 3 * * *", "Europe/Berlin", o)
	if err != nil {
		t.Fatal(err)
	}
	if text := golden(t, "cron.golden.yaml", all...); strings.Contains(text, "hush") {
		t.Error("a secret is printed")
	}
	files, variables := o.Handed.Keys()
	if diff := cmp.Diff([]any{map[string]string{"file-4": "load/key.pem"}, []string{"TOKEN"}}, []any{files, variables}); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
	for _, name := range []string{"", "Nightly", "a-very-long-name-indeed", "-a"} {
		if _, err := Cron(name, "0 3 * * *", "", o); err == nil {
			t.Errorf("the name %q was taken", name)
		}
	}
}

// What is more than a config map or a secret takes is refused with its size and the largest file's; a file from elsewhere is, too.
func TestTooMuchIsRefused(t *testing.T) {
	for _, test := range []struct {
		file  File
		wants []string
	}{
		{File{Path: "data/big.csv", Data: make([]byte, 1000<<10)}, []string{"1001 KB in all", "config map", "data/big.csv (1000 KB)", "--in-cluster"}},
		{File{Path: "big.pem", Data: make([]byte, 1000<<10), Secret: true}, []string{"secrets", "1001 KB in all", "big.pem (1000 KB)"}},
		{File{Path: "../up"}, []string{"../up is not below"}},
	} {
		o := order()
		o.Handed.Files = append(o.Handed.Files, test.file)
		_, err := Make("r1", o)
		if err == nil {
			t.Errorf("%s was taken", test.file.Path)
			continue
		}
		for _, want := range test.wants {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%q does not say %q", err, want)
			}
		}
	}
}
