package strictjson

import (
	"errors"

	"github.com/go-json-experiment/json"
	jsonv1 "github.com/go-json-experiment/json/v1"
)

// Unmarshal checks data as [Check] does and decodes it into v as encoding/json
// would, but matches names exactly. Unknown members are ignored. A value that
// does not fit gives an *Error with its path and the kinds involved; what an
// UnmarshalJSON method said is left out, since it may quote the value.
func Unmarshal(data []byte, v any) error {
	if err := Check(data); err != nil {
		return err
	}
	return Decode(data, v)
}

// Decode is [Unmarshal] for data that [Check] has accepted. Of other data it
// takes what encoding/json would, such as a name that occurs twice.
func Decode(data []byte, v any) error { return decode(data, v, false) }

// UnmarshalKnown is [Unmarshal] for what people write: an unknown member is a
// mistake, of which the error tells the path.
func UnmarshalKnown(data []byte, v any) error {
	if err := Check(data); err != nil {
		return err
	}
	return decode(data, v, true)
}

func decode(data []byte, v any, knownOnly bool) error {
	err := json.Unmarshal(data, v,
		jsonv1.DefaultOptionsV1(),
		jsonv1.ReportErrorsWithLegacySemantics(false),
		json.MatchCaseInsensitiveNames(false),
		json.RejectUnknownMembers(knownOnly))
	if err == nil {
		return nil
	}
	var semantic *json.SemanticError
	if errors.As(err, &semantic) && errors.Is(err, json.ErrUnknownName) {
		return &Error{Offset: semantic.ByteOffset, Path: string(semantic.JSONPointer), Reason: "a member that is not known"}
	}
	if !errors.As(err, &semantic) {
		return &Error{Reason: "a value that cannot be decoded"}
	}
	reason := "a value that does not fit"
	if kind := semantic.JSONKind.String(); semantic.JSONKind != 0 {
		reason = "a " + kind + " that does not fit"
	}
	if semantic.GoType != nil {
		reason += " " + semantic.GoType.String()
	}
	return &Error{Offset: semantic.ByteOffset, Path: string(semantic.JSONPointer), Reason: reason}
}
