package vonage

import (
	"net/http"

	sdk "github.com/vonage/vonage-go-sdk"

	"sluice/internal/sms"
)

// smsProtocol is the SMS API: the SDK makes the request.
func smsProtocol(c Config) protocol {
	return protocol{
		post: func(g *guard, m sms.Message) {
			client := sdk.NewSMSClient(sdk.CreateAuthFromKeySecret(c.APIKey, c.APISecret))
			client.Config.BasePath = c.BaseURL
			client.Config.HTTPClient = &http.Client{Transport: g}
			// What it returns is not used: the guard has it.
			_, _, _ = client.Send(string(m.From), m.To.Digits(), m.Text, sdk.SMSOpts{
				StatusReportReq: true,
				Type:            textType(m.Text), // this API does not look at the text by itself
				ClientRef:       m.Ref,
			})
		},
		classify: classifySMS,
	}
}
