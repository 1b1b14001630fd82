package node_test

func crashRole() func() { return nil }
