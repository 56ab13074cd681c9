// Package web owns the browser client as it is served: the build of this
// directory, embedded, or a placeholder page that says how to make one.
package web

import (
	"embed"
	"io/fs"
)

// built is whatever was in dist when the program was compiled. The directory is
// committed empty but for .gitkeep, so that the program compiles without Node.
//
//go:embed all:dist
var built embed.FS

//go:embed placeholder/index.html
var placeholder embed.FS

// Files is the client's file tree: index.html at the top, everything with a
// hashed, unchanging name below assets.
func Files() fs.FS {
	return choose(built, placeholder)
}

// Built reports whether the client itself is embedded, not the placeholder.
func Built() bool {
	return hasIndex(sub(built, "dist"))
}

func choose(built, placeholder fs.FS) fs.FS {
	if dist := sub(built, "dist"); hasIndex(dist) {
		return dist
	}
	return sub(placeholder, "placeholder")
}

func hasIndex(tree fs.FS) bool {
	info, err := fs.Stat(tree, "index.html")
	return err == nil && info.Mode().IsRegular()
}

func sub(tree fs.FS, dir string) fs.FS {
	below, err := fs.Sub(tree, dir)
	if err != nil {
		panic(err) // only an invalid name gives an error, and the names are constants
	}
	return below
}
