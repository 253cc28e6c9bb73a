// Command dispatcher is the Lambda function that EventBridge Scheduler calls every minute.
package main

import "sluice/internal/app"

func main() {
	app.Main(app.Dispatcher)
}
