package gateway

import (
	"net/http"
	"slices"
	"testing"

	"github.com/danielgtaylor/huma/v2"
)

// operations are all that the document describes, by id.
func operations(t *testing.T) map[string]*huma.Operation {
	t.Helper()
	all := map[string]*huma.Operation{}
	for path, item := range OpenAPI().Paths {
		for _, op := range []*huma.Operation{item.Get, item.Post, item.Put, item.Patch, item.Delete} {
			if op == nil {
				continue
			}
			if all[op.OperationID] != nil {
				t.Errorf("%s: a second operation %s", path, op.OperationID)
			}
			all[op.OperationID] = op
		}
	}
	return all
}

func TestOnlyTheWayInTakesNoSession(t *testing.T) {
	public := []string{"get-installation", "create-account", "create-session", "create-token", "end-session", "reset-password"}
	for id, op := range operations(t) {
		if open := len(op.Security) == 0; open != slices.Contains(public, id) {
			t.Errorf("%s: takes no session: %v", id, open)
		}
	}
}

func TestEveryOperationIsInAChapter(t *testing.T) {
	var chapters []string
	for _, tag := range OpenAPI().Tags {
		chapters = append(chapters, tag.Name)
	}
	for id, op := range operations(t) {
		if len(op.Tags) != 1 || !slices.Contains(chapters, op.Tags[0]) || op.Summary == "" {
			t.Errorf("%s: tags %q, summary %q", id, op.Tags, op.Summary)
		}
	}
}

func TestRequestsThatDoNotFitAreWorded(t *testing.T) {
	detail := &huma.ErrorDetail{Location: "body.name", Message: "expected string"}
	for _, c := range []struct {
		name                 string
		status               int
		errs                 []error
		wantStatus           int
		wantCode, wantDetail string
	}{
		{"what does not fit is a bad request", http.StatusUnprocessableEntity, []error{detail}, http.StatusBadRequest, "invalid", "The field name is not right: expected string."},
		{"all that does not fit is named", http.StatusUnprocessableEntity, []error{detail, detail}, http.StatusBadRequest, "invalid", "The field name is not right: expected string. The field name is not right: expected string."},
		{"too much", http.StatusRequestEntityTooLarge, nil, http.StatusRequestEntityTooLarge, "too_large", "A request may have at most 64 kB."},
		{"half a JSON", http.StatusUnprocessableEntity, []error{&huma.ErrorDetail{Location: "body", Message: "unexpected end of JSON input"}},
			http.StatusBadRequest, "invalid", "The body is not valid JSON."},
		{"a missing field", http.StatusUnprocessableEntity, []error{&huma.ErrorDetail{Location: "body", Message: "expected required property name to be present"}},
			http.StatusBadRequest, "invalid", "The field name is missing."},
		{"a parameter", http.StatusUnprocessableEntity, []error{&huma.ErrorDetail{Location: "query.limit", Message: "expected number >= 1"}},
			http.StatusBadRequest, "invalid", "The parameter limit is not right: expected number >= 1."},
		{"no JSON", http.StatusUnsupportedMediaType, []error{detail}, http.StatusUnsupportedMediaType, "invalid", "The body must be JSON (Content-Type: application/json)."},
		{"what is wrong inside stays inside", http.StatusInternalServerError, []error{detail}, http.StatusInternalServerError, "internal", "Something went wrong on the server."},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := misfit(c.status, "message", c.errs)
			if p.Status != c.wantStatus || p.Code != c.wantCode || p.Detail != c.wantDetail || p.Title != http.StatusText(c.wantStatus) {
				t.Errorf("got %+v", p)
			}
		})
	}
}
