// Tables lets clients read a SQLite database, one permission for each table: `table/{table}:read`, where {table} is what the
// call names. Who may read which table is said in policy.csv alone; no handler checks anything.
//
//	cd examples/tables && go run .
//	# log in as alice (people's data), bob (analyst: all but salaries) or carol (products only)
//
//	go run . policy explain --user bob --scope tables:read --arg table=salaries table_read
//	# DENIED at door two (permission_denied): user:bob > role:analyst denies table/{table}:read
package main

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"strings"

	"github.com/sallyport-mcp/sallyport/server"
	"github.com/sallyport-mcp/sallyport/server/cli"
	"github.com/sallyport-mcp/sallyport/tools"
)

type readTable struct {
	Table string `json:"table" jsonschema:"the table to read"`
	Limit int    `json:"limit,omitempty" jsonschema:"how many rows, 20 if it is left out"`
}

// config is the whole server. The permission names the table of the call, so that each caller may read some and not others.
func config(db *sql.DB) server.Config {
	return server.Config{
		Name:         "tables",
		Instructions: "Tables of a shop. Complete table://{table} to see which ones there are.",
		Tools: []tools.Tool{{
			Name:        "table_read",
			Description: "Read the first rows of a table.",
			Scopes:      []string{"tables:read"},
			Permissions: []string{"table/{table}:read"},
			ReadOnly:    true,
			Handler: tools.Typed(func(ctx context.Context, in readTable) (rows, error) {
				return read(ctx, db, in.Table, in.Limit)
			}),
		}},
		Resources: []tools.Resource{{
			URI:         "table://{table}",
			Name:        "table",
			Description: "How a table is made.",
			Scopes:      []string{"tables:read"},
			Permissions: []string{"table/{table}:read"},
			Read: func(ctx context.Context, request tools.ResourceRequest) (tools.Contents, error) {
				made, err := definition(ctx, db, request.Variables["table"])
				return tools.Text(made), err
			},
			// All names are suggested here; each caller is shown those of the tables it may read.
			Complete: map[string]tools.CompleteFunc{"table": func(ctx context.Context, typed string) ([]string, error) {
				return names(ctx, db, strings.ToLower(typed))
			}},
		}},
	}
}

func main() {
	db, err := open("shop.db")
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	cli.Main(config(db))
}
