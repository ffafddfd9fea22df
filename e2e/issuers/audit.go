package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// record is what is looked at of a line of the audit.
type record struct {
	Issuer   string `json:"issuer"`
	Subject  string `json:"subject"`
	Client   string `json:"client"`
	TokenID  string `json:"token_id"`
	Method   string `json:"method"`
	Name     string `json:"name"`
	Decision string `json:"decision"`
	Door     int    `json:"door"`
	Reason   string `json:"reason"`
	Rule     string `json:"rule"`
	Count    int    `json:"count"` // of refusals before a token was verified
}

func readAudit(path string) ([]record, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var records []record
	for line := range bytes.Lines(text) {
		if !bytes.HasSuffix(line, []byte("\n")) {
			break // it is being written
		}
		var r record
		if err := json.Unmarshal(line, &r); err != nil {
			return nil, fmt.Errorf("%s: a line that is no record: %w", path, err)
		}
		records = append(records, r)
	}
	return records, nil
}

// recorded waits for the record of the latest call of a tool with a verified token. Records are there within 300 ms.
func (g *gate) recorded(ctx context.Context, tool, tokenID string) (record, error) {
	var found record
	err := g.until(ctx, 5*time.Second, func(context.Context) error {
		records, err := readAudit(g.audit)
		if err != nil {
			return err
		}
		for i := g.read; i < len(records); i++ {
			if records[i].Name == tool && records[i].TokenID == tokenID {
				found, g.read = records[i], i+1
				return nil
			}
		}
		return fmt.Errorf("no record of %s", tool)
	})
	return found, err
}

// refusals counts what was refused before a token was verified, by reason. The last ones are written when the server stops.
func refusals(path string) (map[string]int, error) {
	records, err := readAudit(path)
	if err != nil {
		return nil, err
	}
	counts := map[string]int{}
	for _, r := range records {
		if r.Count > 0 {
			counts[r.Reason] += r.Count
		}
	}
	return counts, nil
}

// row returns the row of a policy that a rule of a record names, as FILE:LINE, with one space after each comma.
func row(policy, rule string) (string, error) {
	text, err := os.ReadFile(policy)
	if err != nil {
		return "", err
	}
	colon := strings.LastIndexByte(rule, ':')
	line, err := strconv.Atoi(rule[colon+1:])
	lines := strings.Split(string(text), "\n")
	if err != nil || line < 1 || line > len(lines) {
		return "", fmt.Errorf("%q is no line of the policy", rule)
	}
	fields := strings.Split(lines[line-1], ",")
	for i, field := range fields {
		fields[i] = strings.TrimSpace(field)
	}
	return strings.Join(fields, ", "), nil
}
