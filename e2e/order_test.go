package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"decentra.local/e2e/internal/client"
	"decentra.local/e2e/internal/installation"
)

// TestOrderOfOneConnection: a client that does not wait for answers finds what it
// did in the order it did it, and each request answered.
func TestOrderOfOneConnection(t *testing.T) {
	both(t, func(t *testing.T, topology installation.Topology) {
		inst := installation.Start(t, installation.Options{Topology: topology})
		anna := signUp(t, inst, "Anna", "")
		_, general := anna.createServer("Anna's place")

		const messages = 400
		send := func(frame client.Fields) {
			data, err := json.Marshal(frame)
			if err == nil {
				err = anna.Send(websocket.TextMessage, data)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		anna.Record()
		for i := range messages {
			frame := client.Fields{
				"type": "message", "request_id": fmt.Sprintf("line %d", i), "content": fmt.Sprintf("line %d", i),
				"context": general.Context, "context_id": general.ID,
			}
			if i%10 == 5 {
				frame["content"] = "" // refused, and in nobody's way
			}
			send(frame)
			if i%10 == 7 { // asked in between, it is answered in between
				send(client.Fields{"type": "search_users", "query": "nobody", "request_id": fmt.Sprintf("search %d", i)})
			}
		}
		send(client.Fields{"type": "search_users", "query": "nobody", "request_id": "last"})

		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		if _, err := anna.Await(ctx, func(f client.Frame) bool { return f.RequestID == "last" }); err != nil {
			t.Fatal(err)
		}
		var answered, published []string
		for _, f := range anna.Journal() {
			switch {
			case f.RequestID != "":
				answered = append(answered, f.Type+" "+f.RequestID)
			case f.Type == "message":
				published = append(published, f.Field("content"))
			}
		}
		var wantAnswered, wantPublished []string
		for i := range messages {
			line := fmt.Sprintf("line %d", i)
			if i%10 == 5 {
				wantAnswered = append(wantAnswered, "error "+line)
			} else {
				wantAnswered = append(wantAnswered, "ok "+line)
				wantPublished = append(wantPublished, line)
			}
			if i%10 == 7 {
				wantAnswered = append(wantAnswered, fmt.Sprintf("search_results search %d", i))
			}
		}
		wantAnswered = append(wantAnswered, "search_results last")
		if got, want := fmt.Sprint(answered), fmt.Sprint(wantAnswered); got != want {
			t.Errorf("answered\n%s\nwant\n%s", got, want)
		}
		if got, want := fmt.Sprint(published), fmt.Sprint(wantPublished); got != want {
			t.Errorf("published\n%s\nwant\n%s", got, want)
		}
	})
}
