package strictjson_test

import (
	"fmt"

	"github.com/sallyport-mcp/sallyport/internal/strictjson"
)

func ExampleCheck() {
	fmt.Println(strictjson.Check([]byte(`{"sub": "bob", "exp": 1}`)))
	fmt.Println(strictjson.Check([]byte(`{"sub": "bob", "Sub": "admin"}`)))
	// Output:
	// <nil>
	// JSON: a name that occurs twice, or differs from another only in case, at byte 20
}

func ExampleMembers() {
	members, err := strictjson.Members([]byte(`{"method": "ping", "id": 1.0}`))
	if err != nil {
		fmt.Println(err)
	}
	for _, m := range members {
		fmt.Printf("%s=%s\n", m.Name, m.Value)
	}
	// Output:
	// method="ping"
	// id=1.0
}
