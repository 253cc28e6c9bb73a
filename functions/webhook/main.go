// Command webhook is the Lambda function that Vonage calls with receipts and inbound texts.
package main

import "sluice/internal/app"

func main() {
	app.Main(app.Webhook)
}
