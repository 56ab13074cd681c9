package auth

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	_ "image/gif" // the formats that are taken
	_ "image/jpeg"
	_ "image/png"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/rivo/uniseg"
	_ "golang.org/x/image/webp"

	"decentra.local/pkg/contract"
	"decentra.local/pkg/event"
	"decentra.local/pkg/fault"
	"decentra.local/pkg/rpc"
	"decentra.local/pkg/store"
	"decentra.local/pkg/text"
	"decentra.local/pkg/wire"
)

const (
	// picturePath is where the gateway serves pictures.
	picturePath = "/api/v1/avatars/"
	// mostPixels bounds each side of a picture.
	mostPixels = 8192
	// emojiBytes bounds an emoji; those of several people are long.
	emojiBytes = 64
)

var errNoPicture = fault.New(fault.NotFound, "There is no such picture.")

func (s *Service) setAvatar(ctx context.Context, caller rpc.Caller, r wire.SetAvatar) (contract.Nothing, error) {
	avatar := wire.Avatar{Kind: r.Kind}
	switch r.Kind {
	case "emoji":
		emoji, err := oneEmoji(r.Emoji)
		if err != nil {
			return contract.Nothing{}, err
		}
		avatar.Emoji = &emoji
	case "image":
		hash, err := storePicture(s.config.Data, r.Data)
		if err != nil {
			return contract.Nothing{}, err
		}
		path := picturePath + hash
		avatar.Data = &path
	default:
		return contract.Nothing{}, fault.New(fault.Invalid, "The field avatar_type must be emoji or image.")
	}
	return contract.Nothing{}, s.db.Update(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(`UPDATE account SET avatar_kind = $1, avatar_emoji = $2, avatar_data = $3 WHERE username = $4`,
			avatar.Kind, avatar.Emoji, avatar.Data, caller.User)
		if err != nil {
			return fmt.Errorf("set avatar: %w", err)
		}
		return s.profileChanged(tx, caller.User, func(p wire.Profile) wire.Frame { return wire.AvatarUpdated{Profile: p} })
	})
}

// oneEmoji takes one visible character, as people count (Unicode Annex 29).
func oneEmoji(emoji string) (string, error) {
	emoji, err := text.Name("avatar", emoji, emojiBytes)
	if err != nil {
		return "", err
	}
	if len(emoji) > emojiBytes || uniseg.GraphemeClusterCount(emoji) != 1 {
		return "", fault.New(fault.Invalid, "The avatar must be a single emoji.")
	}
	return emoji, nil
}

func (s *Service) setProfile(ctx context.Context, caller rpc.Caller, r wire.SetProfile) (contract.Nothing, error) {
	name := strings.TrimSpace(r.DisplayName)
	if name != "" {
		var err error
		if name, err = text.Name("display name", name, wire.Bounds.DisplayName); err != nil {
			return contract.Nothing{}, err
		}
	}
	return contract.Nothing{}, s.db.Update(ctx, func(tx *store.Tx) error {
		if _, err := tx.Exec(`UPDATE account SET display_name = $1 WHERE username = $2`, name, caller.User); err != nil {
			return fmt.Errorf("set display name: %w", err)
		}
		return s.profileChanged(tx, caller.User, func(p wire.Profile) wire.Frame { return wire.ProfileUpdated{Profile: p} })
	})
}

// profileChanged makes a new version of the profile, tells the user's own
// connections, and leaves the fact that friends and fellow members are told of.
func (s *Service) profileChanged(tx *store.Tx, username string, own func(wire.Profile) wire.Frame) error {
	if err := mustLive(tx, username); err != nil {
		return err
	}
	if _, err := tx.Exec(`UPDATE account SET profile_version = profile_version + 1 WHERE username = $1`, username); err != nil {
		return fmt.Errorf("number the profile: %w", err)
	}
	profile, _, err := profileOf(tx, username)
	if err != nil {
		return err
	}
	if _, err := s.leaveFact(tx, username, contract.FactProfileChanged, contract.ProfileChanged{Profile: profile}); err != nil {
		return err
	}
	tx.AfterCommit(func() { s.events.Publish(event.User(username), own(profile)) })
	return nil
}

// storePicture checks a data URL by what it contains, not by what it says, and
// keeps the picture in a file named by the SHA-256 of its content.
func storePicture(data, dataURL string) (hash string, err error) {
	head, encoded, ok := strings.Cut(dataURL, ",")
	if !ok || !strings.HasPrefix(head, "data:") || !strings.HasSuffix(head, ";base64") {
		return "", fault.New(fault.Invalid, "The picture must be a data URL in base64.")
	}
	if base64.StdEncoding.DecodedLen(len(encoded)) > wire.Bounds.AvatarBytes+2 {
		return "", fault.New(fault.TooLarge, "A picture may have at most %d MB.", wire.Bounds.AvatarBytes>>20)
	}
	content, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return "", fault.New(fault.Invalid, "The picture is not valid base64.")
	}
	if len(content) > wire.Bounds.AvatarBytes {
		return "", fault.New(fault.TooLarge, "A picture may have at most %d MB.", wire.Bounds.AvatarBytes>>20)
	}
	if pictureType(content) == "" {
		return "", fault.New(fault.Invalid, "The picture must be a PNG, JPEG, GIF or WebP.")
	}
	config, _, err := image.DecodeConfig(bytes.NewReader(content))
	if err != nil {
		return "", fault.New(fault.Invalid, "The picture is damaged.")
	}
	if config.Width > mostPixels || config.Height > mostPixels {
		return "", fault.New(fault.TooLarge, "A picture may have at most %d × %d pixels.", mostPixels, mostPixels)
	}
	sum := sha256.Sum256(content)
	hash = hex.EncodeToString(sum[:])
	return hash, writeOnce(filepath.Join(data, "pictures"), hash, content)
}

// pictureType is the media type of a picture that is taken, or nothing.
func pictureType(content []byte) string {
	switch kind := http.DetectContentType(content); kind {
	case "image/png", "image/jpeg", "image/gif", "image/webp":
		return kind
	default:
		return ""
	}
}

// writeOnce makes a file whole and synced, or not at all.
func writeOnce(dir, name string, content []byte) error {
	path := filepath.Join(dir, name)
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make picture directory: %w", err)
	}
	file, err := os.CreateTemp(dir, "new-*")
	if err != nil {
		return fmt.Errorf("make picture file: %w", err)
	}
	_, err = file.Write(content)
	err = errors.Join(err, file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		_ = os.Remove(file.Name()) // half a file is of no use
		return fmt.Errorf("store picture: %w", err)
	}
	return nil
}

var pictureName = regexp.MustCompile(`^[0-9a-f]{64}$`)

func (s *Service) picture(_ context.Context, _ rpc.Caller, r contract.PictureRequest) (contract.Picture, error) {
	if !pictureName.MatchString(r.Hash) {
		return contract.Picture{}, errNoPicture
	}
	content, err := os.ReadFile(filepath.Join(s.config.Data, "pictures", r.Hash))
	if errors.Is(err, fs.ErrNotExist) {
		return contract.Picture{}, errNoPicture
	}
	if err != nil {
		return contract.Picture{}, fmt.Errorf("read picture: %w", err)
	}
	return contract.Picture{Type: pictureType(content), Data: content}, nil
}
