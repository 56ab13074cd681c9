package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"decentra.local/pkg/wire"
)

// historyPage is how many messages History asks for at once: few enough that a
// test has several pages.
const historyPage = 150

// REST asks the published port over HTTP.
type REST struct {
	Base   string
	Token  string
	Header http.Header // sent with every request
}

// Answer is what came back.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Into reads the body.
func (a Answer) Into(v any) error {
	if err := json.Unmarshal(a.Body, v); err != nil {
		return fmt.Errorf("read answer %d %.200s: %w", a.Status, a.Body, err)
	}
	return nil
}

// Field is a field of the body by its path.
func (a Answer) Field(path string) string { return Frame{Raw: a.Body}.Field(path) }

// Do sends a request. A body that is text or bytes is sent as it is, anything
// else as JSON, nil as none.
func (r REST) Do(ctx context.Context, method, path string, body any) (Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	var content io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		content = bytes.NewReader([]byte(b))
	case []byte:
		content = bytes.NewReader(b)
	default:
		data, err := json.Marshal(b)
		if err != nil {
			return Answer{}, err
		}
		content = bytes.NewReader(data)
	}
	request, err := http.NewRequestWithContext(ctx, method, r.Base+path, content)
	if err != nil {
		return Answer{}, err
	}
	for name, values := range r.Header {
		request.Header[name] = values
	}
	if content != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if r.Token != "" {
		request.Header.Set("Authorization", "Bearer "+r.Token)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return Answer{}, err
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	return Answer{response.StatusCode, response.Header, data}, err
}

// Get is Do without a body.
func (r REST) Get(ctx context.Context, path string) (Answer, error) {
	return r.Do(ctx, http.MethodGet, path, nil)
}

// Place names a conversation.
type Place struct {
	Context string // server, dm or global
	ID      string
}

// Channel is a server's channel.
func Channel(serverID, channelID string) Place {
	return Place{wire.ContextServer, serverID + "/" + channelID}
}

// DM is a conversation of two.
func DM(id string) Place { return Place{wire.ContextDM, id} }

// Fields are those that name the place in a frame, and more.
func (p Place) Fields(more Fields) Fields {
	fields := Fields{"context": p.Context, "context_id": p.ID}
	for name, value := range more {
		fields[name] = value
	}
	return fields
}

// History reads everything there is, page by page from the newest, and returns
// it oldest first with the number of the newest change. A part that does not
// answer is asked again until ctx ends.
func (r REST) History(ctx context.Context, p Place) ([]wire.StoredMessage, int64, error) {
	var all []wire.StoredMessage
	var seq int64
	query := url.Values{"context_type": {p.Context}, "context_id": {p.ID}, "limit": {strconv.Itoa(historyPage)}}
	for first := true; ; first = false {
		var page wire.HistoryPage
		for {
			answer, err := r.Get(ctx, "/api/messages?"+query.Encode())
			if err == nil && answer.Status == http.StatusOK {
				if err := answer.Into(&page); err != nil {
					return nil, 0, err
				}
				break
			}
			if err == nil {
				err = fmt.Errorf("history: %d %s", answer.Status, answer.Body)
				if answer.Status != http.StatusServiceUnavailable {
					return nil, 0, err
				}
			}
			if !pause(ctx, 50*time.Millisecond) {
				return nil, 0, err
			}
		}
		if first {
			seq = page.Seq
		}
		slices.Reverse(page.Messages)
		all = append(all, page.Messages...)
		if !page.MoreBefore {
			slices.Reverse(all)
			return all, seq, nil
		}
		query.Set("before", strconv.FormatInt(all[len(all)-1].ID, 10))
	}
}

func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}
