package bench

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	pageSize = 100
	// pageBytes is more than a page has.
	pageBytes = 64 << 10
	// readers are how many pages are asked for at once.
	readers = 4
)

// page asks for the messages before an id; 0: the newest.
type page func(ctx context.Context, before int64) ([]byte, error)

// way is one of those to read a history.
type way struct {
	name       string
	compressed bool
	open       func(b *bench, s *system, p people, reader int) page
}

var ways = []way{
	{"REST", false, func(b *bench, s *system, p people, _ int) page { return overREST(b, s, p, "identity") }},
	{"REST, compressed", true, func(b *bench, s *system, p people, _ int) page { return overREST(b, s, p, "gzip") }},
	{"WebSocket", false, overSocket},
}

// pages reads those of a long channel.
func (b *bench) pages() {
	in := b.report.section(fmt.Sprintf("Pages of %d from a channel with %s messages", pageSize, whole(b.history)),
		fmt.Sprintf("%d are asked for at once; then as many a second, by the clock, as half of what that came to. The newest, the middle and the oldest "+
			"are the same page again and again, which is kept in memory; any page is another each time, read from the disk's cache. Of each the reader "+
			"checks that it has all of its messages, and takes no more of the processors than that needs.", readers))
	systems := b.decentras()
	who := b.withHistory(systems)
	for _, w := range ways {
		for _, position := range []struct {
			name   string
			before func() int64
		}{
			{"newest", func() int64 { return 0 }},
			{"middle", func() int64 { return int64(b.history) / 2 }},
			{"oldest", func() int64 { return pageSize + 1 }},
			{"any", func() int64 { return pageSize + 1 + rand.Int64N(int64(b.history)-pageSize) }},
		} {
			what := fmt.Sprintf("%s, %s page: ", w.name, position.name)
			b.repeat(systems, func(i int, s *system) error {
				var pages []page
				for reader := range readers {
					pages = append(pages, w.open(b, s, who[i], reader))
				}
				rate, _, err := turn(b.Context(), pages, b.history, position.before, b.extent.pages, 0)
				if err != nil {
					return err
				}
				_, took, err := turn(b.Context(), pages, b.history, position.before, b.extent.pages, rate/2)
				if err != nil {
					return err
				}
				in.add(what+"pages/s", s, rate)
				in.add(what+"p99, ms", s, percentile(took, 99))
				return nil
			})
		}
	}
}

// withHistory gives every system some people with a long channel.
func (b *bench) withHistory(systems []*system) []people {
	b.Helper()
	who := make([]people, len(systems))
	for i, s := range systems {
		who[i] = s.people(b.T, roomMembers)
		s.again(b.T, func() { s.fill(b.T, who[i], b.history) })
		s.settle(b.T)
	}
	return who
}

// turn reads pages of a history of so many messages for a while, as fast as it goes or
// at a rate, and returns how many a second it were and how long each took from when it
// was due.
func turn(ctx context.Context, pages []page, history int, before func() int64, spell time.Duration, rate float64) (float64, []time.Duration, error) {
	var (
		workers sync.WaitGroup
		tickets atomic.Int64
		mu      sync.Mutex
		all     []time.Duration
		failure error
		started = time.Now()
	)
	for _, ask := range pages {
		workers.Go(func() {
			var took []time.Duration
			var err error
			for err == nil {
				due := time.Now()
				if rate > 0 {
					due = started.Add(time.Duration(float64(tickets.Add(1)-1) / rate * float64(time.Second)))
				}
				if due.Sub(started) >= spell {
					break
				}
				time.Sleep(time.Until(due))
				var body []byte
				from := before()
				if body, err = ask(ctx, from); err != nil {
					break
				}
				took = append(took, time.Since(due))
				newest := from - 1
				if from == 0 {
					newest = int64(history)
				}
				proof := fmt.Appendf(nil, `"id":%d,`, newest)
				if n := bytes.Count(body, nonceField); n != pageSize || !bytes.Contains(body, proof) {
					err = fmt.Errorf("a page has %d messages, or not message %d: %.300s", n, newest, body)
				}
			}
			mu.Lock()
			defer mu.Unlock()
			all = append(all, took...)
			if err != nil {
				failure = err
			}
		})
	}
	workers.Wait()
	return float64(len(all)) / time.Since(started).Seconds(), all, failure
}

// overREST asks as a program does, on a connection of its own. Like a link, it takes
// little of the processors: no goroutines, and the same buffers again and again.
func overREST(b *bench, s *system, p people, encoding string) page {
	address := strings.TrimPrefix(s.url, "http://")
	conn := must(new(net.Dialer).DialContext(b.Context(), "tcp", address))(b.T)
	b.Cleanup(func() { _ = conn.Close() })
	reader := bufio.NewReaderSize(conn, pageBytes)
	query := url.Values{"context_type": {p.place.Context}, "context_id": {p.place.ID}, "limit": {strconv.Itoa(pageSize)}}.Encode()
	var unpacker gzip.Reader
	var body bytes.Buffer
	return func(_ context.Context, before int64) ([]byte, error) {
		window := ""
		if before > 0 {
			window = "&before=" + strconv.FormatInt(before, 10)
		}
		_ = conn.SetDeadline(time.Now().Add(time.Minute)) // on a closed connection what follows fails too
		if _, err := fmt.Fprintf(conn, "GET /api/messages?%s%s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nAccept-Encoding: %s\r\n\r\n",
			query, window, address, p.tokens[0], encoding); err != nil {
			return nil, err
		}
		response, err := http.ReadResponse(reader, nil)
		if err != nil {
			return nil, err
		}
		defer response.Body.Close()
		content := io.Reader(response.Body)
		if encoding == "gzip" {
			if err := unpacker.Reset(response.Body); err != nil {
				return nil, err
			}
			content = &unpacker
		}
		body.Reset()
		_, err = body.ReadFrom(content)
		if err == nil && response.StatusCode != http.StatusOK {
			err = fmt.Errorf("%s: %.300s", response.Status, body.Bytes())
		}
		return body.Bytes(), err
	}
}

// overSocket asks as the page does.
func overSocket(b *bench, s *system, p people, reader int) page {
	l := must(connect(b.Context(), s.url, "", p.tokens[reader]))(b.T)
	b.Cleanup(func() { _ = l.conn.Close() })
	l.reader = bufio.NewReaderSize(l.reader, pageBytes)
	serverID, channelID, _ := strings.Cut(p.place.ID, "/")
	return func(_ context.Context, before int64) ([]byte, error) {
		window := ""
		if before > 0 {
			window = fmt.Sprintf(`,"before":%d`, before)
		}
		err := l.send(fmt.Appendf(nil, `{"type":"get_channel_history","server_id":%q,"channel_id":%q,"limit":%d%s}`,
			serverID, channelID, pageSize, window))
		for err == nil {
			var payload []byte
			if payload, err = l.next(); err == nil && (bytes.Contains(payload, nonceField) || bytes.HasPrefix(payload, errorFrame)) {
				return payload, nil
			}
		}
		return nil, err
	}
}
