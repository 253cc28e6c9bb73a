package template

// What has no meaning on one machine, each with the reason why it may be passed over. What is in no list and is not
// read is refused.

const (
	whyAccess   = "permissions are not enforced locally"
	whyLabels   = "for people and bills"
	whyKeeping  = "nothing outlives the local platform"
	whyTraffic  = "what comes to one machine needs no throttling"
	whyWatching = "nobody is on call for one machine"
	whyBuild    = "`make build` makes the executables"
)

func ignoredTypes() map[string]string {
	return map[string]string{
		"AWS::CloudWatch::Alarm": whyWatching,
		"AWS::IAM::Role":         whyAccess,
		"AWS::Logs::LogGroup":    "logs go to the terminal",
		"AWS::SQS::QueuePolicy":  whyAccess,
	}
}

func ignoredSections() map[string]string {
	return map[string]string{
		"AWSTemplateFormatVersion": "there is only one",
		"Description":              whyLabels,
		"Metadata":                 whyLabels,
		"Outputs":                  "the local platform prints its own addresses",
	}
}

func ignoredAttributes() map[string]string {
	return map[string]string{
		"DeletionPolicy":      whyKeeping,
		"DependsOn":           "resources are made in a fixed order",
		"Metadata":            whyBuild,
		"UpdateReplacePolicy": whyKeeping,
	}
}

func ignoredOfFunction() map[string]string {
	return map[string]string{
		"Architectures": "executables are built for this machine",
		"Description":   whyLabels,
		"FunctionName":  "locally named by its folder, as in `make invoke`",
		"Policies":      whyAccess,
		"Role":          whyAccess,
		"Tags":          whyLabels,
		"Tracing":       whyWatching,
	}
}

func ignoredOfLogging() map[string]string {
	return map[string]string{
		"LogGroup":       "logs go to the terminal",
		"SystemLogLevel": "the local platform has no such log",
	}
}

func ignoredOfAPI() map[string]string {
	return map[string]string{
		"AccessLogSettings":    whyWatching,
		"DefaultRouteSettings": whyTraffic,
		"Description":          whyLabels,
		"FailOnWarnings":       "a matter of its deployment",
		"Name":                 whyLabels,
		"RouteSettings":        whyTraffic,
		"Tags":                 whyLabels,
	}
}

func ignoredOfSchedule() map[string]string {
	return map[string]string{
		"Description": whyLabels,
		"Name":        whyLabels,
		"OmitName":    whyLabels,
	}
}

func ignoredOfRetry() map[string]string {
	return map[string]string{"MaximumEventAgeInSeconds": "a local event is handed over at once"}
}

func ignoredOfQueue() map[string]string {
	return map[string]string{
		"KmsMasterKeyId":       "messages stay in memory",
		"SqsManagedSseEnabled": "messages stay in memory",
		"Tags":                 whyLabels,
	}
}

func ignoredOfTable() map[string]string {
	return map[string]string{
		"BillingMode":                      "local capacity is free and not limited",
		"DeletionProtectionEnabled":        whyKeeping,
		"PointInTimeRecoverySpecification": whyKeeping,
		"SSESpecification":                 "items stay in memory",
		"Tags":                             whyLabels,
	}
}
