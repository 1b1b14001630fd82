package kinds

import (
	"fmt"
	"slices"
	"strings"
)

// lost are the states of a container that nothing but another pod would change.
var lost = []string{"InvalidImageName", "CreateContainerConfigError", "ErrImageNeverPull", "ErrImagePull", "ImagePullBackOff"}

// Hopeless says why a pod is not going to run; "": it may.
func (p Pod) Hopeless() string {
	for _, s := range slices.Concat(p.Status.InitContainerStatuses, p.Status.ContainerStatuses) {
		w, ended := s.State.Waiting, s.LastState.Terminated
		switch {
		case w == nil:
		case slices.Contains(lost, w.Reason):
			return fmt.Sprintf("container %s: %s: %s", s.Name, w.Reason, w.Message)
		case w.Reason == "CrashLoopBackOff" && ended != nil:
			return fmt.Sprintf("container %s ends again and again, with exit code %d: %s", s.Name, ended.ExitCode, ended.Message)
		}
	}
	if p.Status.Phase == "Failed" {
		return strings.TrimSpace(p.Status.Reason + " " + p.Status.Message)
	}
	return ""
}
