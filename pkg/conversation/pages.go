package conversation

import (
	"sync"

	"decentra.local/pkg/wire"
)

const (
	// pagesBytes bounds the pages that are kept.
	pagesBytes = 8 << 20
	// pageBytes bounds one of them.
	pageBytes = 256 << 10
	// pageOverhead is what a page takes besides its bytes.
	pageOverhead = 512
)

// pages keeps the pages that were read last, as they are sent: most who open a
// channel want the same. A page stays as it is as long as the number of its
// conversation's last change, so that none is ever taken back; they are forgotten by
// the half, whichever were not read since the last time.
type pages struct {
	mu         sync.Mutex
	young, old map[pageKey]wire.HistoryPage
	bytes      int // of the young
}

type pageKey struct {
	log    string
	seq    int64
	window wire.Window
}

func (p *pages) get(key pageKey) (wire.HistoryPage, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if page, ok := p.young[key]; ok {
		return page, true
	}
	page, ok := p.old[key]
	if ok {
		p.keep(key, page)
	}
	return page, ok
}

func (p *pages) put(key pageKey, page wire.HistoryPage) {
	if page.Size() > pageBytes {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keep(key, page)
}

// keep keeps a page. The lock is held.
func (p *pages) keep(key pageKey, page wire.HistoryPage) {
	size := page.Size() + pageOverhead
	if p.young == nil || p.bytes+size > pagesBytes/2 {
		p.old, p.young, p.bytes = p.young, map[pageKey]wire.HistoryPage{}, 0
	}
	if _, ok := p.young[key]; !ok {
		p.young[key] = page
		p.bytes += size
	}
}
