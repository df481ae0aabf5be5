// Go's net/http, which speaks HTTP/2 where the server does.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
)

func ask(name string, number int) (string, error) {
	prompt := fmt.Sprintf("matrix:Go net/http:%s; At what temperature does water boil? %d", name, number)
	body, _ := json.Marshal(map[string]any{
		"model":    "gpt-4o",
		"messages": []map[string]string{{"role": "user", "content": prompt}},
	})
	request, _ := http.NewRequest("POST", "https://api.openai.com/v1/chat/completions", bytes.NewReader(body))
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer sk-matrix-0123456789abcdef")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err == nil && !strings.Contains(string(text), "choices") {
		err = fmt.Errorf("%s: %s", answer.Status, text)
	}
	return answer.Proto, err
}

func main() {
	line := map[string]any{"client": "Go net/http", "version": strings.TrimPrefix(runtime.Version(), "go"), "case": "HTTP/2"}
	for number := 0; number < 3; number++ {
		protocol, err := ask("HTTP/2", number)
		if err != nil {
			line["problem"] = err.Error()
		} else if protocol != "HTTP/2.0" {
			line["problem"] = "spoke " + protocol
		}
	}
	line["made"] = 3
	said, _ := json.Marshal(line)
	fmt.Println(string(said))
}
