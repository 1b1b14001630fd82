package scenarios

// Kind is the role of a node.
type Kind string

// The kinds of node. KindImage is a node of somebody else's image with no role of ours.
const (
	KindCDN      Kind = "cdn"
	KindGateway  Kind = "gateway"
	KindService  Kind = "service"
	KindDatabase Kind = "database"
	KindQueue    Kind = "queue"
	KindStream   Kind = "stream"
	KindCache    Kind = "cache"
	KindImage    Kind = "image"
)

// TakesMessages tells a kind that a write step sends a message to.
func (k Kind) TakesMessages() bool { return k == KindQueue || k == KindStream }
