package message_test

import (
	"fmt"

	"github.com/sallyport-mcp/sallyport/transport/message"
)

func ExampleRead() {
	m, err := message.Read([]byte(`{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"greet","arguments":{"name":"Ada"}}}`))
	fmt.Println(m.Method, m.Name, string(m.ID), err)

	_, err = message.Read([]byte(`{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"Name":"greet"}}`))
	fmt.Println(err)
	// Output:
	// tools/call greet 7 <nil>
	// a member is spelled like name in another case
}

func ExampleMessage_Argument() {
	m, err := message.Read([]byte(`{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"t","arguments":{"table":"users","row":42,"all":true}}}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, name := range []string{"table", "row", "all"} {
		value, ok := m.Argument(name)
		fmt.Printf("%s %q %v\n", name, value, ok)
	}
	// Output:
	// table "users" true
	// row "42" true
	// all "" false
}
