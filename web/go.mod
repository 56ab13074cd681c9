module decentra.local/web

go 1.26

ignore ./node_modules
