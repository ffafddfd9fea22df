package main

import (
	"context"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/sallyport-mcp/sallyport/tools"
)

type mirrored struct {
	Region string `json:"region" header:"Region" jsonschema:"mirrored into Mcp-Param-Region"`
}

// schemas returns the tools that differ in what their input schema says.
func schemas() []tools.Tool {
	return []tools.Tool{
		{
			Name:        "test_headers",
			Description: "Take an argument that an HTTP header mirrors.",
			Handler: tools.Typed(func(_ context.Context, in mirrored) (string, error) {
				return "Region: " + in.Region, nil
			}),
		},
		{
			Name:        "json_schema_2020_12_tool",
			Description: "Tool with JSON Schema 2020-12 features",
			Handler: tools.Raw(tools.SchemaJSON(contactSchema), func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
				return mcp.NewToolResultText("The arguments fit the schema."), nil
			}),
		},
	}
}

// contactSchema says what no struct can: which member is required depends on another.
const contactSchema = `{
	"$schema": "https://json-schema.org/draft/2020-12/schema",
	"type": "object",
	"$defs": {
		"address": {
			"$anchor": "addressDef",
			"type": "object",
			"properties": {"street": {"type": "string"}, "city": {"type": "string"}}
		}
	},
	"properties": {
		"name": {"type": "string"},
		"address": {"$ref": "#/$defs/address"},
		"contactMethod": {"type": "string", "enum": ["phone", "email"]},
		"phone": {"type": "string"},
		"email": {"type": "string"}
	},
	"allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
	"if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
	"then": {"required": ["phone"]},
	"else": {"required": ["email"]},
	"additionalProperties": false
}`
