'''Event patterns: a small language that says which JSON objects are meant. Text in, yes or no out.

It is the language of Amazon EventBridge and of Lambda's event source mappings, as AWS documents it and as AWS's own
engine (event-ruler) answers, and more where we evaluate ourselves. It knows nothing of this project.

    only_active = compile_pattern("""{
      "eventName": ["INSERT", "MODIFY"],
      "dynamodb": {"NewImage": {"Status": {"S": ["active"]}, "Email": {"S": [{"suffix": "@example.com"}]}}}
    }""")
    only_active.matches(record)

Many patterns in one `any_of` are asked at once: a field is looked at once for all of them.

**A pattern** has the shape of what it describes. Objects name fields; all of them must hold, and fields that are not
named do not count. Where a value would stand, there is a list of what it may be; one is enough. `"$or": [{...}, {...}]`
among an object's fields asks for one of several objects of fields.

| In a list | takes |
|---|---|
| `"active"`, `true`, `null` | that very value; an IP address however it is written |
| `300` | that number however it is written: 300, 300.0, 3.0e2; never the text `"300"` |
| `{"prefix": "a"}`, `{"suffix": "a"}` | texts that begin or end so |
| `{"equals-ignore-case": "a"}` | that text in either case; also inside `prefix` and `suffix` |
| `{"wildcard": "a*b"}` | texts with anything in place of a star; `\\\\*` is a star, `\\\\\\\\` a backslash |
| `{"anything-but": ["a", "b"]}` | any value that is none of these texts (or numbers), but some value |
| `{"anything-but": {"prefix": ["a"]}}` | any value but these; so `suffix`, `wildcard`, `equals-ignore-case` |
| `{"numeric": [">", 0, "<=", 5]}` | numbers in that range; also a single `=`, `<`, `<=`, `>` or `>=` |
| `{"cidr": "10.0.0.0/8"}` | texts that are an address in that network, of IPv4 or IPv6 |
| `{"exists": true}`, `{"exists": false}` | any value; no value at all. An object is no value, its fields are |

**Arrays** in the value are looked through: one element that matches is enough. Conditions on several fields of the
objects in an array must hold in one and the same object. **Dots:** the field `a.b` is found under the key `a.b`, and as
the field `b` of `a`.

**Refused**, with a PatternError that says where, what was found and what belongs there: everything that AWS refuses;
and what is longer than the 4,096 characters that Lambda takes, is more than 100 levels deep, is no JSON from end to
end, or has a key twice.

**Otherwise than AWS's engine** it answers only where that is at fault. Numbers that no double says exactly are compared
as numbers, not by their spelling. IPv4 and IPv6 are never taken for one another, nor a number for an address.
Characters beyond the first 65,536 equal themselves in `equals-ignore-case`. An empty key is a key. What one thing in a
list takes does not depend on what else stands there. A field found under both spellings of its path, with dots and
without, is tied to no element of an array.

Lambda documents exact values, `prefix`, `suffix`, `equals-ignore-case`, lists in `anything-but`, `numeric`, `exists`
and `$or`. Of the others it says neither yes nor no; there the engine counts.

**Beyond AWS** (`compile_pattern(text, language=AWS)` refuses it):

| In a list | takes |
|---|---|
| `{"number": [">=", 18]}` | numbers, and texts of numbers, as DynamoDB's `{"N": "18"}` has them |
| `{"matches": "^a+$"}` | texts in which the regular expression (RE2) is found |
| `{"time": ["within", "1h"]}` | epoch seconds or ISO texts: `within` a span of now, `before`, `after` |
| `{"changed": true}` | alone in its list, under `dynamodb.NewImage`: what differs from the old image |

`{"all_of": [...]}`, `{"any_of": [...]}` and `{"none_of": [...]}` put whole filters together, given as patterns or as
names of filters that `compile_pattern` was told (`named`).
'''

from __future__ import annotations

from schemas.filters.errors import PatternError
from schemas.filters.filter import Filter, compile_pattern
from schemas.filters.language import AWS
from schemas.filters.ours import OURS

__all__ = ["AWS", "OURS", "Filter", "PatternError", "compile_pattern"]
