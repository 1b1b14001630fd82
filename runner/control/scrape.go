package control

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// ScrapeFile is the file in a run's folder that has Prometheus scrape the run: one of its scrape_config_files. It has the run's token, is for
// its owner alone, and is gone when the run is.
const ScrapeFile = "scrape.yml"

// scrapeConfigs is what Prometheus takes from a file of scrape_config_files: YAML, which JSON is.
type scrapeConfigs struct {
	Configs []scrapeConfig `json:"scrape_configs"`
}

type scrapeConfig struct {
	Job           string         `json:"job_name"`
	Interval      string         `json:"scrape_interval"`
	Authorization authorization  `json:"authorization"`
	Targets       []staticConfig `json:"static_configs"`
}

type authorization struct {
	Credentials string `json:"credentials"`
}

type staticConfig struct {
	Targets []string `json:"targets"`
}

func writeScrape(dir, run, target, token string) error {
	data, err := json.Marshal(scrapeConfigs{[]scrapeConfig{{
		Job: "squall-" + run, Interval: "5s", Authorization: authorization{token}, Targets: []staticConfig{{[]string{target}}},
	}}})
	if err != nil {
		return fmt.Errorf("write what Prometheus scrapes: %w", err)
	}
	head := "# Have Prometheus read this run while it goes on:  scrape_config_files: [PATH/TO/" + ScrapeFile + "]  in its configuration, and a reload.\n"
	return os.WriteFile(filepath.Join(dir, ScrapeFile), append(append([]byte(head), data...), '\n'), 0o600)
}
