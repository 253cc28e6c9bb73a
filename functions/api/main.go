// Command api is the Lambda function behind the HTTP API.
package main

import (
	"sluice/internal/app"
	"sluice/internal/numberplan"
)

func main() {
	app.Main(app.API(numberplan.New()))
}
