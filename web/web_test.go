package web

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
)

func TestPlaceholderIsServedWithoutABuild(t *testing.T) {
	files := choose(fstest.MapFS{"dist/.gitkeep": {}}, placeholder)
	page, err := fs.ReadFile(files, "index.html")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(page), "make web") {
		t.Error("the placeholder does not say how to build the client")
	}
}

func TestBuildIsServedWhenThereIsOne(t *testing.T) {
	dist := fstest.MapFS{
		"dist/.gitkeep":      {},
		"dist/index.html":    {Data: []byte("the client")},
		"dist/assets/app.js": {Data: []byte("code")},
	}
	files := choose(dist, placeholder)
	page, err := fs.ReadFile(files, "index.html")
	if err != nil || string(page) != "the client" {
		t.Errorf("index.html = %q, %v", page, err)
	}
	if _, err := fs.Stat(files, "assets/app.js"); err != nil {
		t.Error(err)
	}
}

func TestEmbeddedFilesHaveAPage(t *testing.T) {
	if _, err := fs.Stat(Files(), "index.html"); err != nil {
		t.Fatal(err)
	}
	if !Built() {
		t.Log("the client is not built: the placeholder is embedded")
		return
	}
	page, err := fs.ReadFile(Files(), "index.html")
	if err != nil {
		t.Fatal(err)
	}
	for _, outside := range []string{"http://", "https://", "src=\"//"} {
		if strings.Contains(string(page), outside) {
			t.Errorf("the page loads something from elsewhere: %s", outside)
		}
	}
}
