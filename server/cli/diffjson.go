package cli

import "github.com/sallyport-mcp/sallyport/authz"

// The shape of --json. A list that is empty is there all the same.
type (
	differenceJSON struct {
		Changes    []changeJSON `json:"changes"`
		Incomplete []string     `json:"incomplete"`
	}
	changeJSON struct {
		Subject   string      `json:"subject"`
		Through   bool        `json:"through"`
		Kind      string      `json:"kind"`
		Operation string      `json:"operation"`
		Need      string      `json:"need"`
		Values    []valueJSON `json:"values"`
		Before    answerJSON  `json:"before"`
		After     answerJSON  `json:"after"`
		Gain      bool        `json:"gain"`
		Decides   bool        `json:"decides"`
	}
	valueJSON struct {
		Name    string   `json:"name"`
		Pattern string   `json:"pattern"`
		Except  []string `json:"except"`
		Example string   `json:"example"`
	}
	answerJSON struct {
		Answer authz.Answer `json:"answer"`
		Rule   string       `json:"rule"`
	}
)

func differenceAsJSON(d authz.Difference) differenceJSON {
	all := differenceJSON{Changes: []changeJSON{}, Incomplete: append([]string{}, d.Incomplete...)}
	for _, c := range d.Changes {
		one := changeJSON{
			Subject: c.Subject, Through: c.Through, Kind: c.Operation.Kind, Operation: c.Operation.Name, Need: c.Need,
			Values: []valueJSON{}, Before: answerJSON(c.Before), After: answerJSON(c.After), Gain: c.Gain(), Decides: c.Decides,
		}
		for _, v := range c.Values {
			one.Values = append(one.Values, valueJSON{v.Name, v.Pattern, append([]string{}, v.Except...), v.Example})
		}
		all.Changes = append(all.Changes, one)
	}
	return all
}
