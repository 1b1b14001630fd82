package docker

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"github.com/docker/docker/api/types/container"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
)

// patchOn is a patch on a node's configuration, of an injection that is on.
type patchOn struct {
	id   string
	what faults.Patch
}

// configure runs a built-in node with the patches that are on, in their order.
func (s *system) configure(ctx context.Context, m *member) error {
	if m.place.image() || slices.Equal(m.patches, m.configured) {
		return nil
	}
	node, err := s.changed(m)
	if err != nil {
		return err
	}
	data, err := json.Marshal(node)
	if err != nil {
		return err
	}
	if err := s.tell(ctx, m, http.MethodPut, wire.AdminConfigure, data); err != nil {
		return fmt.Errorf("configure %s: %w", m.name(), err)
	}
	m.configured = slices.Clone(m.patches)
	return nil
}

// changed is the member's node with the patches that are on.
func (s *system) changed(m *member) (*scenarios.Node, error) {
	patches := make([]faults.Patch, len(m.patches))
	for i, p := range m.patches {
		patches[i] = p.what
	}
	return s.plan.Changed(m.place.instance.Node.Name, patches...)
}

// writeConfiguration has a container that does not run start with the patches that are on.
func (s *system) writeConfiguration(ctx context.Context, m *member) error {
	if m.place.image() || slices.Equal(m.patches, m.written) {
		m.configured = slices.Clone(m.written)
		return nil
	}
	node, err := s.changed(m)
	if err != nil {
		return err
	}
	config := m.place.config(s.run, s.plan.Seed)
	config.Node = *node
	data, err := json.Marshal(config)
	if err != nil {
		return err
	}
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	if err := writeFile(w, tar.Header{Name: configFile, Mode: 0o400, Uid: user, Gid: user}, bytes.NewReader(data), int64(len(data))); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	if err := s.engine.api.CopyToContainer(ctx, m.id, dataFolder, &archive, container.CopyToContainerOptions{}); err != nil {
		return fmt.Errorf("write the configuration of %s: %w", m.name(), err)
	}
	m.written, m.configured = slices.Clone(m.patches), slices.Clone(m.patches)
	return nil
}
