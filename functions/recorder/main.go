// Command recorder is the Lambda function that SQS feeds with receipts and inbound texts to record.
package main

import "sluice/internal/app"

func main() {
	app.Main(app.Recorder)
}
