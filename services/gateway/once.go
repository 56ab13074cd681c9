package gateway

// occasionsKept bounds the occasions remembered; the frames of one come close
// together.
const occasionsKept = 64

// occasions know which connections have had the frame of an occasion that several
// topics carry.
type occasions struct {
	had   map[string]map[*socket]bool
	order []string
}

// first reports whether the connection has not had the occasion yet. No occasion
// is always the first.
func (o *occasions) first(occasion string, s *socket) bool {
	if occasion == "" {
		return true
	}
	had := o.had[occasion]
	if had == nil {
		if o.had == nil {
			o.had = map[string]map[*socket]bool{}
		}
		if len(o.order) == occasionsKept {
			delete(o.had, o.order[0])
			o.order = o.order[1:]
		}
		had = map[*socket]bool{}
		o.had[occasion] = had
		o.order = append(o.order, occasion)
	}
	if had[s] {
		return false
	}
	had[s] = true
	return true
}
