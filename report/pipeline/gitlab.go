package pipeline

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// GitLabFile is where a job keeps its code quality report, beside what it runs: artifacts name it.
const GitLabFile = "gl-code-quality-report.json"

// issue is one entry of GitLab's code quality report. GitLab shows the description and knows no message.
type issue struct {
	Description string   `json:"description"`
	Check       string   `json:"check_name"`
	Fingerprint string   `json:"fingerprint"`
	Severity    string   `json:"severity"`
	Location    location `json:"location"`
}

type location struct {
	Path  string `json:"path"`
	Lines struct {
		Begin int `json:"begin"`
	} `json:"lines"`
}

var gitLabSeverity = map[Severity]string{Lost: "blocker", Broken: "critical", Untold: "minor"}

// GitLab keeps findings in a code quality report, Most of them, worst first. What the report says of other files, or of these by another
// check, stays: a job may validate files before it runs them, and run several. root is the checkout's folder, dir the one that files are
// named from.
func GitLab(path, root, dir, check string, looked []string, findings []Finding) error {
	var kept []issue
	data, err := os.ReadFile(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
	case err != nil:
		return fmt.Errorf("read the code quality report: %w", err)
	default:
		if err := json.Unmarshal(data, &kept); err != nil {
			return fmt.Errorf("%s is not a code quality report of ours: %w; move it away", path, err)
		}
	}
	anew := map[string]bool{}
	for _, file := range looked {
		anew[within(root, dir, file)] = true
	}
	all := []issue{}
	for _, i := range kept {
		if i.Check != checkName(check) || !anew[i.Location.Path] {
			all = append(all, i)
		}
	}
	for _, f := range findings[:min(Most, len(findings))] {
		all = append(all, issueOf(root, dir, f))
	}
	out, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, append(out, '\n'), 0o644)
}

func checkName(check string) string { return "squall-" + check }

// issueOf gives a finding a fingerprint that stays while lines move and figures change: of its check, file and what it is about.
func issueOf(root, dir string, f Finding) issue {
	i := issue{Description: f.Title + ": " + f.Message, Check: checkName(f.Check), Severity: gitLabSeverity[f.Severity]}
	if f.Check == Scenario {
		i.Description = f.Message
	}
	i.Location.Path = within(root, dir, f.File)
	i.Location.Lines.Begin = max(f.Line, 1)
	sum := sha256.Sum256([]byte(i.Check + "\x00" + i.Location.Path + "\x00" + f.Title + "\x00" + cmp.Or(f.About, f.Message)))
	i.Fingerprint = hex.EncodeToString(sum[:16])
	return i
}
