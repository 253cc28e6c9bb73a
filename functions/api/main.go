// Command api is the Lambda function behind the HTTP API.
package main

import "sluice/internal/app"

func main() {
	app.Main(app.API)
}
