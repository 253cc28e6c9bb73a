// Command sender is the Lambda function that SQS feeds with batches to send.
package main

import "sluice/internal/app"

func main() {
	app.Main(app.Sender)
}
