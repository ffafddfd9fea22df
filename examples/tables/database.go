package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/sallyport-mcp/sallyport/tools"
)

const seed = `
CREATE TABLE products (id INTEGER PRIMARY KEY, name TEXT NOT NULL, cents INTEGER NOT NULL);
INSERT INTO products VALUES (1, 'kettle', 2990), (2, 'teapot', 1850), (3, 'cup', 600);
CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL, city TEXT);
INSERT INTO customers VALUES (1, 'Mrs. Ito', 'Kyoto'), (2, 'Mr. Okafor', NULL);
CREATE TABLE salaries (person TEXT PRIMARY KEY, cents INTEGER NOT NULL);
INSERT INTO salaries VALUES ('carol', 4100000), ('bob', 5200000);
`

// open opens the database for reading only, and makes it first if it is not there.
func open(path string) (*sql.DB, error) {
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		if err := create(path); err != nil {
			return nil, err
		}
	}
	return sql.Open("sqlite", "file:"+url.PathEscape(path)+"?mode=ro&_pragma=query_only(1)")
}

func create(path string) error {
	db, err := sql.Open("sqlite", path)
	if err != nil {
		return err
	}
	_, err = db.ExecContext(context.Background(), seed)
	return errors.Join(err, db.Close())
}

// names returns the tables whose names begin with what was typed.
func names(ctx context.Context, db *sql.DB, typed string) ([]string, error) {
	found, err := db.QueryContext(ctx, `SELECT name FROM sqlite_schema WHERE type = 'table' AND substr(name, 1, length(?1)) = ?1 ORDER BY name`, typed)
	if err != nil {
		return nil, err
	}
	defer func() { _ = found.Close() }()
	var list []string
	for found.Next() {
		var name string
		if err := found.Scan(&name); err != nil {
			return nil, err
		}
		list = append(list, name)
	}
	return list, found.Err()
}

// definition returns the CREATE TABLE of a table. The name is compared exactly: to SQLite Salaries and salaries are one table,
// to the policy they are two, and then what a caller is denied under one name it could read under the other.
func definition(ctx context.Context, db *sql.DB, table string) (string, error) {
	var made string
	err := db.QueryRowContext(ctx, `SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?`, table).Scan(&made)
	if errors.Is(err, sql.ErrNoRows) {
		return "", tools.NotFoundf("there is no table %q", table)
	}
	return made, err
}

// rows are what was read: the names of the columns, and a list of values for each row.
type rows struct {
	Columns []string `json:"columns"`
	Rows    [][]any  `json:"rows"`
}

// read returns the first rows of a table.
func read(ctx context.Context, db *sql.DB, table string, limit int) (rows, error) {
	if _, err := definition(ctx, db, table); err != nil {
		return rows{}, err
	}
	if limit <= 0 || limit > 100 {
		limit = 20
	}
	quoted := `"` + strings.ReplaceAll(table, `"`, `""`) + `"`
	found, err := db.QueryContext(ctx, fmt.Sprintf("SELECT * FROM %s LIMIT ?", quoted), limit)
	if err != nil {
		return rows{}, err
	}
	defer func() { _ = found.Close() }()
	columns, err := found.Columns()
	if err != nil {
		return rows{}, err
	}
	result := rows{Columns: columns, Rows: [][]any{}}
	for found.Next() {
		values, places := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			places[i] = &values[i]
		}
		if err := found.Scan(places...); err != nil {
			return rows{}, err
		}
		result.Rows = append(result.Rows, values)
	}
	return result, found.Err()
}
