// Command courier is the Lambda function that SQS feeds with single texts to send, outside of campaigns.
package main

import "sluice/internal/app"

func main() {
	app.Main(app.Courier)
}
