package scenarios

// Kind is the role of a node.
type Kind string

// The kinds of node. KindImage is a node of somebody else's image with no role of ours, KindExternal one that runs elsewhere.
const (
	KindCDN      Kind = "cdn"
	KindGateway  Kind = "gateway"
	KindService  Kind = "service"
	KindDatabase Kind = "database"
	KindQueue    Kind = "queue"
	KindStream   Kind = "stream"
	KindCache    Kind = "cache"
	KindImage    Kind = "image"
	KindExternal Kind = "external"
)

// TakesMessages tells a kind that a write step sends a message to.
func (k Kind) TakesMessages() bool { return k == KindQueue || k == KindStream }

// Stays is why an instance of a node can't come up on another machine while its own is away; empty: it can. What keeps data has it where it was, and
// what an image calls is beside it.
func (n *Node) Stays() string {
	switch {
	case n.Image != "" || !n.BuiltIn():
		return "it runs an image"
	case n.Kind == KindCDN || n.Kind == KindGateway || n.Kind == KindService || n.Kind == KindCache:
		return ""
	default:
		return "its data is where it was"
	}
}
