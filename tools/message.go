package tools

import "github.com/mark3labs/mcp-go/mcp"

// Message is one message of a prompt. [User] and [Assistant] make one.
type Message struct {
	role    mcp.Role
	content mcp.Content
}

// User returns a message of text that the user says.
func User(text string) Message { return UserContent(mcp.NewTextContent(text)) }

// Assistant returns a message of text that the assistant says.
func Assistant(text string) Message { return AssistantContent(mcp.NewTextContent(text)) }

// UserContent returns a message of the user that is an image, audio or an embedded
// resource.
func UserContent(content mcp.Content) Message {
	return Message{role: mcp.RoleUser, content: content}
}

// AssistantContent is [UserContent] for the assistant.
func AssistantContent(content mcp.Content) Message {
	return Message{role: mcp.RoleAssistant, content: content}
}
