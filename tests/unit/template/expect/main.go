// Makes ../expected.json: what Go's text/template, with sprig's and Helm's functions, prints for each of ../cases.json.
// `go run .` writes it, `go run . -check` says whether the kept one is what Go says.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig/v3"
	"sigs.k8s.io/yaml"
)

type testCase struct {
	Name       string          `json:"name"`
	Template   string          `json:"template"`
	Values     json.RawMessage `json:"values"`
	MissingKey string          `json:"missingkey"`
	// What ours prints on purpose instead, and why.
	Deviates *struct {
		Output string `json:"output"`
		Error  string `json:"error"`
		Reason string `json:"reason"`
	} `json:"deviates"`
}

type expectation struct {
	Name   string `json:"name"`
	Output string `json:"output"`
	Error  string `json:"error,omitempty"`
}

// Numbers as Kubernetes' unstructured objects have them: int64 where they are, else float64.
func typed(value any) any {
	switch v := value.(type) {
	case json.Number:
		if i, err := v.Int64(); err == nil {
			return i
		}
		f, _ := v.Float64()
		return f
	case []any:
		for i := range v {
			v[i] = typed(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = typed(v[k])
		}
	}
	return value
}

func decode(text []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var value any
	err := decoder.Decode(&value)
	return typed(value), err
}

func functions() template.FuncMap {
	wanted := strings.Fields(`default coalesce ternary quote upper lower trim trimAll trimPrefix trimSuffix replace
		contains hasPrefix hasSuffix indent nindent split join list dict get hasKey keys sortAlpha b64enc b64dec
		sha256sum regexMatch regexReplaceAll`)
	all := sprig.TxtFuncMap()
	made := template.FuncMap{}
	for _, name := range wanted {
		made[name] = all[name]
	}
	// The rest as Helm has it (pkg/engine/funcs.go), but for the types of fromYaml's numbers, which are those above.
	made["toYaml"] = func(v any) string {
		data, err := yaml.Marshal(v)
		if err != nil {
			return ""
		}
		return strings.TrimSuffix(string(data), "\n")
	}
	made["toJson"] = func(v any) string {
		data, err := json.Marshal(v)
		if err != nil {
			return ""
		}
		return string(data)
	}
	made["fromYaml"] = func(text string) map[string]any {
		data, err := yaml.YAMLToJSON([]byte(text))
		if err == nil {
			value, problem := decode(data)
			if m, ok := value.(map[string]any); ok {
				return m
			}
			if value == nil {
				return map[string]any{}
			}
			err = problem
			if err == nil {
				err = errors.New("error unmarshaling JSON: the text is no map")
			}
		}
		return map[string]any{"Error": err.Error()}
	}
	made["required"] = func(warning string, value any) (any, error) {
		if value == nil || value == "" {
			return value, errors.New(warning)
		}
		return value, nil
	}
	return made
}

func expect(c testCase) (expectation, error) {
	made := expectation{Name: c.Name}
	parsed, err := template.New("t").Funcs(functions()).Parse(c.Template)
	if err != nil {
		made.Error = err.Error()
		return made, nil
	}
	if c.MissingKey != "" {
		parsed = parsed.Option("missingkey=" + c.MissingKey)
	}
	var values any
	if len(c.Values) > 0 {
		if values, err = decode(c.Values); err != nil {
			return made, fmt.Errorf("%s: %w", c.Name, err)
		}
	}
	var out bytes.Buffer
	if err := parsed.Execute(&out, values); err != nil {
		made.Error = err.Error()
	} else {
		made.Output = out.String()
	}
	return made, nil
}

func run(check bool) error {
	text, err := os.ReadFile("../cases.json")
	if err != nil {
		return err
	}
	var file struct {
		// Of all cases that bring none.
		Values json.RawMessage `json:"values"`
		Cases  []testCase      `json:"cases"`
	}
	if err := json.Unmarshal(text, &file); err != nil {
		return err
	}
	all := []expectation{}
	for _, c := range file.Cases {
		if c.Values == nil {
			c.Values = file.Values
		}
		made, err := expect(c)
		if err != nil {
			return err
		}
		// Addresses.
		if again, _ := expect(c); again != made {
			made.Output = "(differs from run to run)"
		}
		all = append(all, made)
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(all); err != nil {
		return err
	}
	if !check {
		return os.WriteFile("../expected.json", out.Bytes(), 0o644)
	}
	kept, err := os.ReadFile("../expected.json")
	if err == nil && !bytes.Equal(kept, out.Bytes()) {
		err = errors.New("expected.json is not what Go says; run `go run .` and look at what changed")
	}
	return err
}

func main() {
	check := flag.Bool("check", false, "compare with the kept expectations")
	flag.Parse()
	if err := run(*check); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
