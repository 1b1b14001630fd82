package check

import "github.com/squallhq/squall/scenarios"

// rowRead checks that a read that lists rows has nothing that is for one row.
func (v *Checker) rowRead(s *scenarios.Step, at scenarios.Path) {
	if s.Read != "" && s.Absent != 0 && s.Cache != nil {
		v.Problem(at.Key("absent"), "what a cache has is not told apart from what is not there", "leave out cache, or absent")
	}
	if s.Read == "" || !s.List {
		return
	}
	switch {
	case s.Cache != nil:
		v.Problem(at.Key("cache"), "a list of all rows is not kept in a cache", "leave out cache, or list")
	case s.Absent != 0:
		v.Problem(at.Key("absent"), "a list is there even where there is no row", "leave out absent, or list")
	case s.Cost != nil:
		v.Problem(at.Key("cost"), "a list costs what its rows do", "leave out cost, or list")
	case s.Replica != "":
		v.Problem(at.Key("replica"), "a list is read from the database that it names", "name the replica in read, or leave out list")
	}
}
