module decentra.local/web

go 1.26
