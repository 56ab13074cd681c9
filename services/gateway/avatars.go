package gateway

import (
	"bytes"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"

	"decentra.local/pkg/contract"
	"decentra.local/pkg/rpc"
)

// serveAvatar serves a stored picture. Its name is the hash of its content, so it
// never changes; whoever has the name may see it, as an <img> sends no token.
func (s *Service) serveAvatar(w http.ResponseWriter, r *http.Request) {
	hash := chi.URLParam(r, "hash")
	picture, err := rpc.Call(r.Context(), s.nc, contract.GetPicture, rpc.Caller{}, contract.PictureRequest{Hash: hash})
	if err != nil {
		writeProblem(w, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", picture.Type)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("ETag", `"`+hash+`"`)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; sandbox") // a picture is nothing but a picture
	// It answers 304 to who has it, and parts to who asks for parts.
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(picture.Data))
}
