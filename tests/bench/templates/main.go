// Renders each template of a file for a while with text/template, and prints what comes of it and how many a second.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"text/template"
	"time"
)

type example struct {
	Name     string
	Template string
	Values   map[string]any
	Items    int
}

type figures struct {
	Name   string  `json:"name"`
	Output string  `json:"output"`
	Parse  float64 `json:"parse"`
	Render float64 `json:"render"`
}

func rate(act func()) float64 {
	const long = 500 * time.Millisecond
	count := 0
	began := time.Now()
	for time.Since(began) < long {
		for range 20 {
			act()
		}
		count += 20
	}
	return float64(count) / time.Since(began).Seconds()
}

func main() {
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		panic(err)
	}
	var examples []example
	if err := json.Unmarshal(text, &examples); err != nil {
		panic(err)
	}
	var all []figures
	for _, one := range examples {
		if one.Items > 0 {
			items := make([]any, one.Items)
			for i := range items {
				items[i] = fmt.Sprintf("item-%d", i)
			}
			one.Values["items"] = items
		}
		parse := func() *template.Template { return template.Must(template.New(one.Name).Parse(one.Template)) }
		parsed := parse()
		var out strings.Builder
		render := func() {
			out.Reset()
			if err := parsed.Execute(&out, one.Values); err != nil {
				panic(err)
			}
		}
		render()
		all = append(all, figures{one.Name, out.String(), rate(func() { parse() }), rate(render)})
	}
	if err := json.NewEncoder(os.Stdout).Encode(all); err != nil {
		panic(err)
	}
}
