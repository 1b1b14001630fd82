package imagenode

import (
	"bufio"
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/squallhq/squall/scenarios"
)

// Owners are the users and groups of an image, as its files have them: nil where it has none.
type Owners struct{ Users, Groups []byte }

// NeedsOwners tells that a node's files are to be somebody's whose number the image alone knows.
func NeedsOwners(n *scenarios.Node) bool {
	named := func(user string) bool { return strings.Trim(user, "0123456789:") != "" }
	return slices.ContainsFunc(n.Files, func(f *scenarios.File) bool { return named(f.User) }) ||
		slices.ContainsFunc(n.Secrets, func(s *scenarios.Secret) bool { return named(s.User) })
}

// The files of an image that say who there is.
const (
	UsersFile  = "/etc/passwd"
	GroupsFile = "/etc/group"
)

// of is USER or USER:GROUP, each a name or number; "" is root. A user's group is the one that the image says.
func (o *Owners) of(text string) (uid, gid int, err error) {
	if text == "" {
		return 0, 0, nil
	}
	user, group, has := strings.Cut(text, ":")
	uid, gid, err = find(UsersFile, o.Users, user)
	if err != nil || !has {
		return uid, gid, err
	}
	gid, _, err = find(GroupsFile, o.Groups, group)
	return uid, gid, err
}

// find is the number of a name, and the one after it, which in a file of users is the group. A number that the file does not have
// is itself.
func find(file string, data []byte, name string) (number, next int, err error) {
	known, isNumber := strconv.Atoi(name)
	lines := bufio.NewScanner(bytes.NewReader(data))
	for lines.Scan() {
		fields := strings.Split(lines.Text(), ":")
		if len(fields) < 4 || fields[0] != name && fields[2] != name {
			continue
		}
		number, err = strconv.Atoi(fields[2])
		if err != nil {
			continue
		}
		next, _ = strconv.Atoi(fields[3]) // a group's members are no number
		return number, next, nil
	}
	if isNumber == nil {
		return known, known, nil
	}
	return 0, 0, fmt.Errorf("the image's %s has no %q; use its number", file, name)
}
