package control

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/squallhq/squall/runner"
)

// AddressesFile is the file in a run's folder that says where its parts answer on this machine while it goes on: where its loads go in, its instances
// and their metrics, toxiproxy's API. It is gone when the run is.
const AddressesFile = "addresses.json"

// listed is one of them in the file.
type listed struct {
	What string `json:"what"`
	URL  string `json:"url"`
}

// WriteAddresses writes it.
func WriteAddresses(dir string, addresses []runner.Address) error {
	all := make([]listed, len(addresses))
	for i, a := range addresses {
		all[i] = listed(a)
	}
	data, err := json.MarshalIndent(map[string]any{"addresses": all}, "", "  ")
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, AddressesFile), append(data, '\n'), 0o600)
	}
	if err != nil {
		return fmt.Errorf("write where the run's parts answer: %w", err)
	}
	return nil
}
