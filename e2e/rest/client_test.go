package rest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
)

// installation is a running program, and its description.
type installation struct {
	t         *testing.T
	url       string
	validator validator.Validator
	document  document
	done      map[string]bool // the operations that succeeded
}

// document is as much of OpenAPI as the tests walk through.
type document struct {
	OpenAPI string                          `json:"openapi"`
	Paths   map[string]map[string]operation `json:"paths"`
}

type operation struct {
	ID          string                `json:"operationId"`
	Security    []map[string][]string `json:"security"`
	RequestBody *struct {
		Required bool `json:"required"`
	} `json:"requestBody"`
}

func install(t *testing.T, options ...string) *installation {
	t.Helper()
	i := &installation{t: t, url: start(t, options...), done: map[string]bool{}}
	response, err := httpClient.Get(i.url + "/api/v1/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(body, &i.document); err != nil {
		t.Fatal(err)
	}
	parsed, err := libopenapi.NewDocument(body)
	if err != nil {
		t.Fatal(err)
	}
	v, errs := validator.NewValidator(parsed)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	i.validator = v
	return i
}

// each walks through all operations.
func (i *installation) each(do func(method, path string, op operation)) {
	for path, item := range i.document.Paths {
		for method, op := range item {
			do(strings.ToUpper(method), path, op)
		}
	}
}

// user asks with a token; nobody asks without.
type user struct {
	*installation
	name, token string
}

type answer struct {
	t      *testing.T
	what   string
	Status int
	Header http.Header
	Body   []byte
}

// send asks and checks that the answer has the form that is described.
func (u user) send(t *testing.T, method, path, body string, headers ...string) answer {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, u.url+"/api/v1"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	if u.token != "" {
		request.Header.Set("Authorization", "Bearer "+u.token)
	}
	for n := 0; n < len(headers); n += 2 {
		request.Header.Set(headers[n], headers[n+1])
	}
	response, err := httpClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if err != nil {
		t.Fatal(err)
	}
	what := method + " " + path
	response.Body = io.NopCloser(bytes.NewReader(content))
	if ok, errs := u.validator.ValidateHttpResponse(request, response); !ok {
		for _, e := range errs {
			t.Errorf("%s %s: %d %s does not fit the description: %s, %s", u.name, what, response.StatusCode, content, e.Message, e.Reason)
			for _, s := range e.SchemaValidationErrors {
				t.Errorf("  %s", s.Reason)
			}
		}
	}
	return answer{t: t, what: u.name + ": " + what + " " + body, Status: response.StatusCode, Header: response.Header, Body: content}
}

// do expects a success, and notes what was done.
func (u user) do(t *testing.T, status int, method, path string, body any, headers ...string) answer {
	t.Helper()
	content := ""
	if body != nil {
		content = encode(t, body)
	}
	a := u.send(t, method, path, content, headers...)
	if a.Status != status {
		t.Fatalf("%s: got %d %s, want %d", a.what, a.Status, a.Body, status)
	}
	u.done[u.operationAt(t, method, path)] = true
	return a
}

// operationAt finds the operation of a request.
func (i *installation) operationAt(t *testing.T, method, path string) string {
	t.Helper()
	path, _, _ = strings.Cut(path, "?")
	parts := strings.Split("/v1"+path, "/")
	best, literal := "", -1
	i.each(func(m, template string, op operation) {
		wanted := strings.Split(template, "/")
		if m != method || len(wanted) != len(parts) {
			return
		}
		same := 0
		for n, w := range wanted {
			if w == parts[n] {
				same++
			} else if !strings.HasPrefix(w, "{") {
				return
			}
		}
		if same > literal {
			best, literal = op.ID, same
		}
	})
	if best == "" {
		t.Fatalf("%s %s is not described", method, path)
	}
	return best
}

// refused expects a problem.
func (a answer) refused(status int, code string) answer {
	a.t.Helper()
	var p struct {
		Status       int
		Code, Detail string
	}
	if err := json.Unmarshal(a.Body, &p); err != nil {
		a.t.Errorf("%s: got %d %q, want a problem", a.what, a.Status, a.Body)
		return a
	}
	if a.Status != status || p.Status != status || p.Code != code || p.Detail == "" {
		a.t.Errorf("%s: got %d %s, want %d %s", a.what, a.Status, a.Body, status, code)
	}
	if kind := a.Header.Get("Content-Type"); kind != "application/problem+json" {
		a.t.Errorf("%s: a problem of type %q", a.what, kind)
	}
	return a
}

// text reads a field of the answer: "server.channels.0.id".
func (a answer) text(path string) string {
	a.t.Helper()
	var value any
	if err := json.Unmarshal(a.Body, &value); err != nil {
		a.t.Fatalf("%s: %q is not JSON", a.what, a.Body)
	}
	for part := range strings.SplitSeq(path, ".") {
		switch v := value.(type) {
		case map[string]any:
			value = v[part]
		case []any:
			var n int
			if _, err := fmt.Sscan(part, &n); err != nil || n >= len(v) {
				a.t.Fatalf("%s: %s has no %s", a.what, a.Body, path)
			}
			value = v[n]
		default:
			a.t.Fatalf("%s: %s has no %s", a.what, a.Body, path)
		}
	}
	return fmt.Sprint(value)
}

// has checks a field.
func (a answer) has(path, want string) answer {
	a.t.Helper()
	if got := a.text(path); got != want {
		a.t.Errorf("%s: %s is %q, want %q, in %s", a.what, path, got, want, a.Body)
	}
	return a
}

func encode(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// object is a JSON body.
type object map[string]any

// signUp makes an account and logs a program in.
func (i *installation) signUp(t *testing.T, name, code string) user {
	t.Helper()
	nobody := user{installation: i, name: "nobody"}
	nobody.do(t, 201, "POST", "/accounts", object{"username": name, "password": "secret", "invite_code": code}).has("user.username", name)
	token := nobody.do(t, 201, "POST", "/tokens", object{"username": name, "password": "secret"}).has("user.username", name).text("token")
	return user{installation: i, name: name, token: token}
}
