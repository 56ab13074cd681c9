// Package workers owns the goroutines that do short work again and again: one that
// has done its work keeps the stack it has grown for the next, where a new one
// would have to grow its own.
package workers

// most bounds the workers that wait for work.
const most = 256

var (
	work  = make(chan func())
	waits = make(chan struct{}, most) // has one for each worker that waits
)

// Go has a worker that waits, or a new one, do the work. It never blocks.
func Go(do func()) {
	select {
	case work <- do:
	default:
		go run(do)
	}
}

func run(do func()) {
	for {
		do()
		select {
		case waits <- struct{}{}:
		default:
			return // enough wait already
		}
		do = <-work
		<-waits
	}
}
