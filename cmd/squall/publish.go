package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/squallhq/squall/report"
	"github.com/squallhq/squall/report/answer"
	"github.com/squallhq/squall/report/page"
	"github.com/squallhq/squall/report/pipeline"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios/source"
)

// publishFlags are where a run's results are told, beside the terminal and the run's folder.
type publishFlags struct {
	junit, metrics string
}

func (f *publishFlags) register(c *cobra.Command) {
	c.Flags().StringVar(&f.junit, "junit", "", "write a JUnit report of all runs to this file: a test case an expectation; one that can't be told is an error")
	c.Flags().StringVar(&f.metrics, "metrics", "", "write the figures of all runs to this file as OpenMetrics text, which GitLab compares between branches")
}

// results writes the files that were asked for, and tells the pipeline that this is a part of. Every way is tried, whatever became of the
// one before.
func (f *publishFlags) results(w io.Writer, results []*record.Result) error {
	if len(results) == 0 {
		return nil
	}
	var errs []error
	if f.junit != "" {
		errs = append(errs, writeReport(f.junit, func(w io.Writer) error { return report.JUnit(w, results...) }))
	}
	if f.metrics != "" {
		errs = append(errs, writeReport(f.metrics, func(w io.Writer) error { return report.OpenMetrics(w, results...) }))
	}
	errs = append(errs, summarize(results))
	var files []string
	for _, r := range results {
		files = append(files, r.File)
	}
	errs = append(errs, annotate(w, pipeline.Expectation, files, pipeline.Expectations(results...)))
	if err := errors.Join(errs...); err != nil {
		return environment(err)
	}
	return nil
}

// answerFlags are where the answer of a question about many runs is told.
type answerFlags struct {
	format, out string
	name        string
}

func (f *answerFlags) register(c *cobra.Command, name string) {
	f.name = name
	c.Flags().StringVar(&f.format, "format", "table", "table, json, markdown or html")
	c.Flags().StringVar(&f.out, "out", "", fmt.Sprintf("keep the answer in this folder: %s.json, %s.html, %s.md", name, name, name))
}

func (f *answerFlags) check() error {
	if !slices.Contains([]string{"table", "json", "markdown", "html"}, f.format) {
		return fmt.Errorf("unknown format %q; use table, json, markdown or html", f.format)
	}
	return nil
}

// tell writes an answer in the form that was asked for, in every form into the folder that was, and to the pipeline's summary.
func (f *answerFlags) tell(c *cobra.Command, a *answer.Answer, document any) error {
	inJSON := func(w io.Writer) error {
		encoder := json.NewEncoder(w)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		return encoder.Encode(document)
	}
	forms := map[string]func(io.Writer) error{
		"table":    func(w io.Writer) error { return answer.Terminal(w, a, columns(os.Stdout)) },
		"json":     inJSON,
		"markdown": func(w io.Writer) error { return answer.Markdown(w, a) },
		"html":     func(w io.Writer) error { return page.Answer(w, a) },
	}
	errs := []error{forms[f.format](c.OutOrStdout())}
	if f.out != "" {
		for form, file := range map[string]string{"json": ".json", "html": ".html", "markdown": ".md"} {
			errs = append(errs, writeReport(filepath.Join(f.out, f.name+file), forms[form]))
		}
	}
	errs = append(errs, toSummary(forms["markdown"]))
	if err := errors.Join(errs...); err != nil {
		return environment(err)
	}
	return nil
}

// writeReport writes one report to a file, whose folder it makes.
func writeReport(path string, render func(io.Writer) error) error {
	var b bytes.Buffer
	if err := render(&b); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

// summarize adds the runs to the summary of the GitHub job that this is a step of.
func summarize(results []*record.Result) error {
	return toSummary(func(w io.Writer) error {
		for _, r := range results {
			if err := report.Markdown(w, r); err != nil {
				return err
			}
		}
		return nil
	})
}

// toSummary adds what is rendered to the summary of the GitHub job that this is a step of, where it is of one.
func toSummary(render func(io.Writer) error) (err error) {
	path := os.Getenv("GITHUB_STEP_SUMMARY")
	if path == "" {
		return nil
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("write the step's summary: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if err := render(file); err != nil {
		return fmt.Errorf("write the step's summary: %w", err)
	}
	return nil
}

// annotate shows findings at their lines in the pipeline that this is a part of, and nowhere else.
func annotate(w io.Writer, check string, looked []string, findings []pipeline.Finding) error {
	dir, err := os.Getwd()
	if err != nil {
		return err
	}
	var errs []error
	if os.Getenv("GITHUB_ACTIONS") != "" {
		errs = append(errs, pipeline.GitHub(w, os.Getenv("GITHUB_WORKSPACE"), dir, findings))
	}
	if os.Getenv("GITLAB_CI") != "" {
		errs = append(errs, pipeline.GitLab(pipeline.GitLabFile, os.Getenv("CI_PROJECT_DIR"), dir, check, looked, findings))
	}
	return errors.Join(errs...)
}

// annotateProblems shows the mistakes of scenario files at their lines.
func annotateProblems(w io.Writer, looked []string, problems source.Problems) error {
	var findings []pipeline.Finding
	for _, p := range problems {
		message := p.What
		if p.Fix != "" {
			message += "; " + p.Fix
		}
		findings = append(findings, pipeline.Finding{Check: pipeline.Scenario, Title: "squall validate", Message: message,
			File: p.File, Line: p.Line, Column: p.Column, Severity: pipeline.Broken})
	}
	return annotate(w, pipeline.Scenario, looked, findings)
}
