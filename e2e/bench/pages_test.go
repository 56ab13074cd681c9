package bench

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
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
	{"REST", false, func(_ *bench, s *system, p people, _ int) page { return overREST(s, p, false) }},
	{"REST, compressed", true, func(_ *bench, s *system, p people, _ int) page { return overREST(s, p, true) }},
	{"WebSocket", false, overSocket},
}

// pages reads those of a long channel.
func (b *bench) pages() {
	in := b.report.section(fmt.Sprintf("Pages of %d from a channel with %s messages", pageSize, whole(b.history)),
		fmt.Sprintf("%d are asked for at once; then as many a second, by the clock, as half of what that came to. The newest, the middle and the oldest "+
			"are the same page again and again, which is kept in memory; any page is another each time, read from the disk's cache.", readers))
	systems := b.decentras()
	who := make([]people, len(systems))
	for i, s := range systems {
		who[i] = s.people(b.T, roomMembers)
		s.again(b.T, func() { s.fill(b.T, who[i], b.history) })
		s.settle(b.T)
	}
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

// overREST asks as a program does, on a connection of its own.
func overREST(s *system, p people, compressed bool) page {
	client := http.Client{Transport: &http.Transport{DisableCompression: !compressed}, Timeout: time.Minute}
	return func(ctx context.Context, before int64) ([]byte, error) {
		query := url.Values{"context_type": {p.place.Context}, "context_id": {p.place.ID}, "limit": {strconv.Itoa(pageSize)}}
		if before > 0 {
			query.Set("before", strconv.FormatInt(before, 10))
		}
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/api/messages?"+query.Encode(), nil)
		if err != nil {
			return nil, err
		}
		request.Header.Set("Authorization", "Bearer "+p.tokens[0])
		response, err := client.Do(request)
		if err != nil {
			return nil, err
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err == nil && response.StatusCode != http.StatusOK {
			err = fmt.Errorf("%s: %.300s", response.Status, body)
		}
		return body, err
	}
}

// overSocket asks as the page does.
func overSocket(b *bench, s *system, p people, reader int) page {
	l := must(connect(b.Context(), s.url, "", p.tokens[reader]))(b.T)
	b.Cleanup(func() { _ = l.conn.Close() })
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
