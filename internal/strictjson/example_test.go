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

func ExampleObject() {
	members, err := strictjson.Object([]byte(`{"method": "ping", "id": 1.0}`))
	fmt.Printf("%s %s %v\n", members["method"], members["id"], err)
	// Output: "ping" 1.0 <nil>
}
